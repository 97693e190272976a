using Staithe.Clients;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>A <c>run</c> line of podman or docker, and what to know about it as comments.</summary>
internal static class RunScript
{
    public static IReadOnlyList<string> Arguments(Recipe recipe, RecipeKind kind)
    {
        var arguments = new List<string>();
        if (recipe.Image.Platform is { } platform)
            arguments.AddRange(["--platform", platform.ToString()]);
        arguments.AddRange(["--name", recipe.Name]);
        foreach (var port in recipe.Ports)
            arguments.AddRange(["-p", port.ToString()]);
        foreach (var volume in recipe.Volumes)
            arguments.AddRange(["-v", volume.ToString()]);
        foreach (var variable in recipe.Environment)
            arguments.AddRange(["-e", Pair(variable)]);
        arguments.Add(recipe.Reference);
        return recipe.Image.Clients.Words(
            kind == RecipeKind.Docker ? "docker" : "podman", recipe.IsService ? "run -d" : recipe.IsInteractive ? "run --rm -it" : "run --rm", arguments);
    }

    public static string Write(Recipe recipe, RecipeKind kind)
    {
        var lines = new List<string> { "#!/bin/sh" };
        if (kind == RecipeKind.Docker && recipe.Image.Clients.DockerNote is { } note)
            lines.Add($"# {note}");
        lines.AddRange(recipe.Heading(kind).Select(line => $"# {line}"));
        lines.Add(ShellText.Join(Arguments(recipe, kind)));
        lines.Add($"# Does it work?  {(kind == RecipeKind.Docker ? recipe.Check.Replace("podman ", "docker ", StringComparison.Ordinal) : recipe.Check)}");
        if (recipe.Settings.Count > 0)
        {
            lines.Add("# Settings of the image, with the values they have in it:");
            lines.AddRange(recipe.Settings.Select(setting => $"#   -e {ShellText.Quote(Pair(setting))}"));
        }
        return string.Join('\n', lines) + "\n";
    }

    static string Pair(EnvironmentVariable variable) => $"{variable.Name}={variable.Value}";
}
