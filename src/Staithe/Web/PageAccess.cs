using Staithe.Access;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// Lets those see the pages of a repository who may pull from it. By a name that it had before the browser is sent on to the present one, and
/// only if it may see that.
/// </summary>
internal sealed class PageAccess(AccessLookup access, PresentNames names)
{
    /// <summary>The repository as the reader reaches it; null when they may not see it, whether it is there or not.</summary>
    public async Task<Reach?> FindAsync(Visit visit, RepositoryName name)
    {
        var reach = await access.ReachAsync(visit.Who, name, visit.Cancel);
        if (visit.Who.Kind == IdentityKind.Anybody) // whom nobody was asked for a right that is looked up with the name
            reach = reach with { Name = await names.FindAsync(name, visit.Cancel) };
        return reach.Decision.May(Rights.Pull) ? reach : null;
    }

    /// <summary>The same; when it is null, or the name is a former one and no form was sent to it, the answer has been given.</summary>
    /// <param name="visit">The request.</param>
    /// <param name="name">The name that was asked for.</param>
    /// <param name="path">The same page of another repository.</param>
    public async Task<Reach?> AdmitAsync(Visit visit, RepositoryName name, Func<RepositoryName, string> path)
    {
        var reach = await FindAsync(visit, name);
        if (reach is null)
            await RefuseAsync(visit);
        else if (reach.Name != name && visit.Form is null)
            await visit.GoToAsync(path(reach.Name) + visit.Http.Request.QueryString);
        else
            return reach;
        return null;
    }

    /// <summary>What to say to a reader who sees a repository and has not the right for something.</summary>
    public Task<string> SayRefusalAsync(Visit visit, RepositoryName name, Rights missing) => access.SayRefusalAsync(visit.Who, name, missing, null, visit.Cancel);

    /// <summary>What one may not see is not there; whoever has not signed in may try that first.</summary>
    public static Task RefuseAsync(Visit visit) => visit.RefuseAsync("There is no such repository, or none that you may see.");
}
