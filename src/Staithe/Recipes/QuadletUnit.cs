using System.Globalization;
using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>A Quadlet unit: put into ~/.config/containers/systemd it is a service. Takes the keys that podman 4.5 knows, as an unknown one spoils the unit.</summary>
internal static class QuadletUnit
{
    public static string Write(Recipe recipe)
    {
        var lines = new List<string>(recipe.Heading(RecipeKind.Quadlet).Select(line => $"# {line}"));
        if (recipe.Image.Clients.RegistriesNote is { } note)
            lines.Add($"# {note}");
        lines.AddRange(
        [
            "# Put it into ~/.config/containers/systemd (or /etc/containers/systemd), then: systemctl --user daemon-reload",
            "[Unit]",
            $"Description={UnitText.Literal(UnitText.IsRaw(recipe.Title) ? recipe.Title : recipe.Image.Name.Value)}",
            "",
            "[Container]",
            $"Image={UnitText.Raw(recipe.Reference)}",
            $"ContainerName={UnitText.Raw(recipe.Name)}",
        ]);
        lines.AddRange(recipe.Ports.Select(port => $"PublishPort={port}"));
        lines.AddRange(recipe.Volumes.Select(volume => $"Volume={UnitText.Raw(volume.ToString())}"));
        lines.AddRange(recipe.Environment.Select(variable => $"Environment={UnitText.Word($"{variable.Name}={variable.Value}")}"));
        lines.AddRange(recipe.Settings.Select(setting => $"# Environment={UnitText.Word($"{setting.Name}={setting.Value}")}"));
        if (recipe.HealthCheck is { } health)
            AddHealth(lines, health);
        var arguments = PodmanArguments(recipe);
        if (arguments.Count > 0)
            lines.Add($"PodmanArgs={string.Join(' ', arguments)}");
        if (recipe.Reference.Contains('@', StringComparison.Ordinal))
            lines.Add("# No AutoUpdate: a digest always means the same image.");
        else
            lines.Add("AutoUpdate=registry");
        lines.AddRange(["", "[Service]", $"Restart={(recipe.IsService ? "on-failure" : "no")}", "", "[Install]", "WantedBy=default.target"]);
        return string.Join('\n', lines) + "\n";
    }

    static List<string> PodmanArguments(Recipe recipe)
    {
        var arguments = new List<string>();
        arguments.AddRange(recipe.Image.Clients.Reach("podman", "run", []));
        if (recipe.Image.Platform is { } platform)
            arguments.Add($"--platform={platform}");
        if (recipe.StopSignal is { } signal)
            arguments.Add($"--stop-signal={signal}");
        return arguments;
    }

    // The engine reads the check in the image too; it is written here to be seen and changed.
    static void AddHealth(List<string> lines, HealthCheck health)
    {
        if (CommandOf(health) is not { } command)
            return;
        lines.Add($"HealthCmd={UnitText.Raw(command)}");
        if (health.Interval is { } interval)
            lines.Add($"HealthInterval={Duration(interval)}");
        if (health.Timeout is { } timeout)
            lines.Add($"HealthTimeout={Duration(timeout)}");
        if (health.StartPeriod is { } start)
            lines.Add($"HealthStartPeriod={Duration(start)}");
        if (health.Retries is { } retries)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"HealthRetries={retries}"));
    }

    // podman takes a line for the shell, or a JSON list of a program and its arguments. One word alone would be a line again.
    static string? CommandOf(HealthCheck health)
    {
        if (health.Test[0] == HealthCheck.Shell && UnitText.IsRaw(health.Test[1]) && health.Test[1].Split(' ')[0].ToUpperInvariant() is not ("CMD" or "CMD-SHELL" or "NONE") && health.Test[1][0] != '[')
            return health.Test[1];
        var command = health.Command;
        return command.Count > 1 && command[0].ToUpperInvariant() is not ("CMD" or "CMD-SHELL" or "NONE") ? JsonSerializer.Serialize(command) : null;
    }

    static string Duration(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (long)time.TotalMilliseconds)}ms");
}
