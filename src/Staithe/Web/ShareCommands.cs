using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Sharing;

namespace Staithe.Web;

/// <summary>The commands by which somebody runs and pulls what a share link is for: those of its recipe, under the name that the link gives it.</summary>
internal sealed class ShareCommands(RecipeLookup recipes)
{
    /// <summary>The commands, those that run it first. What is no image can only be pulled.</summary>
    /// <param name="clients">Writes them.</param>
    /// <param name="secret">The link's.</param>
    /// <param name="repository">What it leads to.</param>
    /// <param name="tag">A tag that there is.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlyList<SecretText>> ListAsync(ClientCommands clients, string secret, RepositoryName repository, TagName tag, CancellationToken cancel)
    {
        var name = ShareLinkName.Of(secret, repository.Value);
        var image = $"{clients.Host}/{name}:{tag}";
        List<SecretText> pulls = [new("Pull with podman", clients.Pull("podman", image)), new("Pull with docker", clients.Pull("docker", image)) { Note = clients.DockerNote }];
        if (await FindAsync(clients, repository, tag, cancel) is not { } found)
            return [new("Pull with oras", clients.Pull("oras", image)), .. pulls];
        var recipe = Recipe.From(found with { Name = RepositoryName.Parse(name) }, RecipeOptions.None);
        return [.. RunsOf(recipe), .. pulls];
    }

    /// <summary>How an image is run, an engine each.</summary>
    public static IEnumerable<SecretText> RunsOf(Recipe recipe) =>
    [
        new("Run with podman", ShellText.Join(recipe.Arguments(RecipeKind.Podman))),
        new("Run with docker", ShellText.Join(recipe.Arguments(RecipeKind.Docker))) { Note = recipe.Image.Clients.DockerNote },
    ];

    async Task<RecipeImage?> FindAsync(ClientCommands clients, RepositoryName repository, TagName tag, CancellationToken cancel)
    {
        try
        {
            return await recipes.GetAsync(clients, repository, Reference.To(tag), null, cancel);
        }
        catch (OciException refusal) when (refusal.Error.IsAbsence)
        {
            return null;
        }
    }
}
