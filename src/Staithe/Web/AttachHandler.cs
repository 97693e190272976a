using Staithe.Accounts;
using Staithe.Content;
using Staithe.Door;
using Staithe.Files;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>The button that attaches the packages of an image to it, for who may push there: does what <c>POST /api/v1/sbom</c> does.</summary>
internal sealed class AttachHandler(PageAccess access, ImageLookup lookup, BomAttachment boms) : IWebHandler
{
    /// <summary>Where the form is sent to: the name of an image would be in the way of what stands behind it.</summary>
    public const string Path = "/attach-sbom";

    public bool Takes(string path) => path == Path;

    public async Task HandleAsync(Visit visit)
    {
        if (visit.Form is null || !ImageName.TryParse(visit.Field("image"), out var name))
        {
            await visit.SendNothingAsync("Not here", "There is no such page: the button is on the page of an image.");
            return;
        }
        if (await access.FindAsync(visit, name.Repository) is not { } reach)
        {
            await visit.SendNothingAsync("Not here", "There is no such repository, or none that you may see.");
            return;
        }
        if (!reach.Decision.May(Rights.Push))
        {
            var why = await access.SayRefusalAsync(visit, name.Repository, Rights.Push);
            throw new RefusalException(StatusCodes.Status403Forbidden, why, "That is not yours to do");
        }
        try
        {
            var image = await lookup.GetAsync(name with { Repository = reach.Name }, null, visit.Cancel);
            await boms.RunAsync(image, new Pusher(visit.Who.Creator(visit.Actor), (_, _) => false), visit.Cancel);
        }
        catch (LookException refused)
        {
            throw new RefusalException(Refusal.Of(refused.Status, refused.Message) with
            {
                Title = "Its packages are not known",
                RetryAfter = refused.RetryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            });
        }
        await visit.DoneAsync(Visit.LocalPath(visit.Field("next")));
    }
}
