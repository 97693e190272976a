using Staithe.Accounts;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Api;

/// <summary>Share links. Whoever has one can pull, so they are made by those who decide who may.</summary>
internal sealed class ShareLinkHandlers(ServerSecret secret)
{
    public static Task<Page<ShareLink>> ListAsync(ApiCall call)
    {
        var target = call.Query("target") ?? $"{call.Path["space"]}/";
        return call.ListAsync((session, asked) => ShareLinks.ListAsync(session, call.Who, call.Path["space"], target, asked), row => ShareLink.Of(row.Link, row.Works));
    }

    public async Task<ShareLinkSecret> AddAsync(ApiCall call, NewShareLink order)
    {
        if (!RepositoryName.TryParse(order.Repository, out var repository))
            throw ApiCall.Invalid($"repository is \"{OciException.Quote(order.Repository)}\", which is no repository's name");
        var text = Secret.CreateForPath();
        var hash = secret.Hash(text);
        var wanted = new ShareLinkOrder(repository, order.Tag, order.ExpiresInDays, order.MaxPulls);
        var link = await call.ChangeAsync(session => ShareLinks.AddAsync(session, call.Who, call.Actor, call.Path["space"], wanted, hash));
        var (host, tag) = (call.Http.Request.Host, link.Tag is null ? "" : $":{link.Tag}");
        return new ShareLinkSecret(link.Id, link.Repository, link.Tag, $"{call.Http.Request.Scheme}://{host}/s/{text}", $"{host}/{ShareLinkName.Of(text, link.Repository)}{tag}", Time.Of(link.ExpiresAt), link.MaxPulls);
    }

    public static Task DeleteAsync(ApiCall call)
    {
        var id = call.Number("id");
        return call.ChangeAsync(session => ShareLinks.DeleteAsync(session, call.Who, call.Actor, call.Path["space"], id));
    }
}
