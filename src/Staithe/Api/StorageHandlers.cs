using Staithe.Managing;

namespace Staithe.Api;

/// <summary>How much is kept, for admins of the registry.</summary>
internal sealed class StorageHandlers(StorageReport storage)
{
    public async Task<StorageAnswer> GetAsync(ApiCall call)
    {
        var state = await storage.RunAsync(call.Who, call.Cancel);
        return new StorageAnswer(
            [.. state.Spaces.Select(space => new StorageOfSpace(space.Space, space.Repositories, space.Blobs, space.Bytes))],
            state.Blobs.Count,
            state.Blobs.Bytes,
            state.Uploads.Count,
            state.Uploads.Bytes,
            state.Trash.Count,
            state.CacheBytes,
            state.DiskFree,
            state.DiskSize,
            state.At);
    }
}
