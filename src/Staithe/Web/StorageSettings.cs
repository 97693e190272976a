using Staithe.Managing;

namespace Staithe.Web;

/// <summary>How much is kept.</summary>
internal sealed class StorageSettings(StorageReport storage) : SettingsView("storage", "Storage")
{
    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var state = await storage.RunAsync(visit.Who, visit.Cancel);
        await SendAsync<StoragePage, StorageView>(visit, nav, new StorageView(
            [.. state.Spaces.Select(space => new SpaceStorage(space.Space, space.Repositories, space.Blobs, space.Bytes))],
            state.Blobs.Count,
            state.Blobs.Bytes,
            state.Uploads.Count,
            state.Uploads.Bytes,
            state.Trash.Count,
            state.Trash.Due,
            state.CacheBytes,
            state.DiskFree,
            state.DiskSize,
            state.At), echo);
    }
}

/// <summary>How much is kept.</summary>
public sealed record StorageView(
    IReadOnlyList<SpaceStorage> Spaces, long Blobs, long BlobBytes, long Uploads, long UploadBytes, long Trash, long TrashDue, long CacheBytes, long DiskFree, long DiskSize, DateTimeOffset At);

/// <summary>What a space keeps.</summary>
public sealed record SpaceStorage(string Space, long Repositories, long Blobs, long Bytes);
