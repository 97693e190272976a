using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>The facts of a recipe for programs: what was derived, every way to run it, and what the publisher suggests.</summary>
internal static class RecipeJson
{
    static readonly JsonWriterOptions Options = new() { Indented = true };

    public static byte[] Write(Recipe recipe, PublisherRecipe published)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            WriteFacts(json, recipe);
            WriteWays(json, recipe);
            WritePublished(json, published);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }

    static void WriteFacts(Utf8JsonWriter json, Recipe recipe)
    {
        var config = recipe.Image.Config;
        json.WriteString("image", recipe.Reference);
        json.WriteString("digest", recipe.Image.Digest.Value);
        json.WriteString("platform", config.Platform.ToString());
        json.WriteString("title", recipe.Title);
        json.WriteString("name", recipe.Name);
        json.WriteBoolean("service", recipe.IsService);
        json.WriteBoolean("interactive", recipe.IsInteractive);
        WriteList(json, "command", config.WholeCommand);
        json.WriteString("user", config.User);
        json.WriteBoolean("nonRoot", config.IsNonRoot);
        json.WriteString("workingDirectory", config.WorkingDirectory);
        json.WriteString("stopSignal", recipe.StopSignal);
        WriteObjects(json, "ports", recipe.Ports, port =>
        {
            json.WriteNumber("container", port.Container.Number);
            json.WriteString("protocol", port.Container.Protocol);
            json.WriteNumber("host", port.HostPort);
            json.WriteString("address", port.Address?.ToString());
        });
        WriteObjects(json, "volumes", recipe.Volumes, volume =>
        {
            json.WriteString("name", volume.Name);
            json.WriteString("path", volume.Path);
        });
        WriteVariables(json, "environment", recipe.Environment);
        WriteVariables(json, "settings", recipe.Settings);
        WriteList(json, "wanted", recipe.Wanted);
        if (recipe.HealthCheck is { } health)
            WriteList(json, "healthCheck", health.Test);
        WriteList(json, "notes", recipe.NotesFor(null));
        json.WriteString("check", recipe.Check);
    }

    static void WriteWays(Utf8JsonWriter json, Recipe recipe)
    {
        json.WriteStartObject("commands");
        WriteList(json, "podman", recipe.Arguments(RecipeKind.Podman));
        WriteList(json, "docker", recipe.Arguments(RecipeKind.Docker));
        json.WriteEndObject();
        json.WriteStartObject("files");
        foreach (var (name, kind) in ((string, RecipeKind)[])[("compose", RecipeKind.Compose), ("kube", RecipeKind.Kube), ("kubernetes", RecipeKind.Kubernetes), ("quadlet", RecipeKind.Quadlet)])
            json.WriteString(name, recipe.Write(kind));
        json.WriteEndObject();
        json.WriteStartObject("pulls");
        foreach (var pull in recipe.Image.Clients.Pulls(recipe.Reference, recipe.Name))
            json.WriteString(pull.Client, pull.Command);
        json.WriteEndObject();
    }

    static void WritePublished(Utf8JsonWriter json, PublisherRecipe published)
    {
        json.WriteStartObject("publisher");
        WriteObjects(json, "commands", published.Commands, command =>
        {
            json.WriteString("source", command.Source);
            json.WriteString("title", command.Title);
            json.WriteString("text", command.Text);
            WriteList(json, "arguments", command.Arguments);
            WriteObjects(json, "flags", command.Flags, flag =>
            {
                json.WriteString("argument", flag.Argument);
                json.WriteString("reason", flag.Reason);
            });
        });
        WriteObjects(json, "variables", published.Variables, variable =>
        {
            json.WriteString("name", variable.Name);
            json.WriteString("description", variable.Description);
            json.WriteBoolean("required", variable.IsRequired);
            json.WriteString("default", variable.Default);
        });
        json.WriteEndObject();
    }

    static void WriteVariables(Utf8JsonWriter json, string name, IEnumerable<EnvironmentVariable> variables) => WriteObjects(json, name, variables, variable =>
    {
        json.WriteString("name", variable.Name);
        json.WriteString("value", variable.Value);
    });

    static void WriteObjects<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
