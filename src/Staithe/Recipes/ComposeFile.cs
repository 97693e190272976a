namespace Staithe.Recipes;

/// <summary>A compose file, for docker compose as for podman-compose. Both replace <c>$x</c> in every value, so a dollar sign is written twice.</summary>
internal static class ComposeFile
{
    public static string Write(Recipe recipe)
    {
        var lines = new List<string>(recipe.Heading(RecipeKind.Compose).Select(line => $"# {line}"))
        {
            $"# Start it beside this file:  {recipe.Image.Clients.Line("podman-compose", "up", "-d")}",
            $"# With docker:  {recipe.Image.Clients.Line("docker", "compose up", "-d")}",
        };
        if (recipe.Image.Clients.DockerNote is { } note)
            lines.Add($"# {note}");
        lines.AddRange(
        [
            "services:",
            $"  {YamlText.Quote(recipe.ResourceName)}:",
            $"    image: {Value(recipe.Reference)}",
            $"    container_name: {Value(recipe.Name)}",
        ]);
        if (recipe.Image.Platform is { } platform)
            lines.Add($"    platform: {Value(platform.ToString())}");
        AddList(lines, "    ports:", recipe.Ports.Select(port => Value(port.ToString())));
        AddList(lines, "    volumes:", recipe.Volumes.Select(volume => Value(volume.ToString())));
        if (recipe.Environment.Count > 0)
            lines.AddRange(["    environment:", .. recipe.Environment.Select(variable => $"      {YamlText.Quote(variable.Name)}: {Quoted(variable.Value)}")]);
        if (recipe.Settings.Count > 0)
        {
            var margin = recipe.Environment.Count > 0 ? "      # " : "    #   ";
            if (recipe.Environment.Count == 0)
                lines.Add("    # environment:");
            lines.AddRange(recipe.Settings.Select(setting => $"{margin}{YamlText.Quote(setting.Name)}: {Quoted(setting.Value)}"));
        }
        if (recipe.StopSignal is { } signal)
            lines.Add($"    stop_signal: {Quoted(signal)}");
        if (recipe.IsInteractive)
            lines.AddRange(["    stdin_open: true", "    tty: true"]);
        if (recipe.IsService)
            lines.Add("    restart: unless-stopped");
        if (recipe.Volumes.Count > 0)
            lines.AddRange(["volumes:", .. recipe.Volumes.SelectMany(volume => (string[])[$"  {YamlText.Quote(volume.Name)}:", $"    name: {Value(volume.Name)}"])]);
        return string.Join('\n', lines) + "\n";
    }

    static void AddList(List<string> lines, string key, IEnumerable<string> values)
    {
        var items = values.Select(value => $"      - {value}").ToList();
        if (items.Count > 0)
            lines.AddRange([key, .. items]);
    }

    static string Value(string text) => YamlText.Quote(text.Replace("$", "$$", StringComparison.Ordinal));

    // Values of variables always in quotes: people put others in their place.
    static string Quoted(string text) => Value(text) is ['"', ..] quoted ? quoted : $"\"{text}\"";
}
