using System.ComponentModel;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Microsoft.AspNetCore.WebUtilities;

namespace Staithe.Api;

/// <summary>Writes the table of operations as an OpenAPI 3.1 document. Records become the schemas of their names.</summary>
internal static class OpenApiDocument
{
    static readonly JsonSchemaExporterOptions Schemas = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = (context, node) =>
        {
            var descriptions = context.PropertyInfo?.AssociatedParameter?.AttributeProvider?.GetCustomAttributes(typeof(DescriptionAttribute), false);
            if (node is JsonObject schema && descriptions is [DescriptionAttribute description])
                schema.Insert(0, "description", description.Description);
            return node;
        },
    };

    public static byte[] Create(IReadOnlyList<Operation> operations)
    {
        var schemas = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal) { [nameof(Problem)] = Schema(typeof(Problem)) };
        var paths = new JsonObject();
        foreach (var group in operations.GroupBy(operation => operation.Path))
            paths[group.Key] = new JsonObject(group.Select(operation => KeyValuePair.Create<string, JsonNode?>(operation.Method.ToLowerInvariant(), Describe(operation, schemas))));
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Staithe",
                ["version"] = "1",
                ["description"] = "Accounts and rights of a Staithe registry. What one may not see is answered 404; what one sees and may not change, 403.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = ApiEndpoint.Prefix }),
            ["security"] = new JsonArray(new JsonObject { ["basic"] = new JsonArray() }, new JsonObject { ["bearer"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(schemas.Select(schema => KeyValuePair.Create<string, JsonNode?>(schema.Key, schema.Value))),
                ["securitySchemes"] = new JsonObject
                {
                    ["basic"] = new JsonObject { ["type"] = "http", ["scheme"] = "basic", ["description"] = "A user with the password or a personal token, or a robot as space+name with its secret." },
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "A personal token." },
                },
            },
        };
        return System.Text.Encoding.UTF8.GetBytes(document.ToJsonString(ApiJson.Options));
    }

    static JsonObject Describe(Operation operation, SortedDictionary<string, JsonNode> schemas)
    {
        var answer = new JsonObject();
        if (operation.Response is { } response)
            answer[ApiJson.ContentType] = new JsonObject { ["schema"] = Reference(response, schemas) };
        if (operation.AlsoAs is { } other)
            answer[other] = new JsonObject { ["schema"] = Reference(operation.Response!.GetGenericArguments()[0], schemas) };
        var success = new JsonObject { ["description"] = ReasonPhrases.GetReasonPhrase(operation.Status) };
        if (answer.Count > 0)
            success["content"] = answer;
        var responses = new JsonObject { [Text.Of(operation.Status)] = success };
        foreach (var status in operation.Refusals)
            responses[Text.Of(status)] = Refusal(ReasonPhrases.GetReasonPhrase(status));
        responses["default"] = Refusal("A failure of the registry");

        var parameters = operation.Segments.Select(Operation.Parameter).Where(name => name is not null).Select(name => Parameter(new QueryParameter(name!, "", IsRequired: true), "path"))
            .Concat(operation.Query.Select(query => Parameter(query, "query")));
        var described = new JsonObject { ["operationId"] = operation.Id, ["summary"] = operation.Summary, ["parameters"] = new JsonArray([.. parameters]) };
        if (operation.Events.Count > 0)
            described["x-audit-events"] = new JsonArray([.. operation.Events.Select(name => JsonValue.Create(name))]);
        if (operation.IsPublic)
            described["security"] = new JsonArray();
        else if (operation.IsOfContent)
            described["security"] = new JsonArray(new JsonObject(), new JsonObject { ["basic"] = new JsonArray() }, new JsonObject { ["bearer"] = new JsonArray() }); // for what is public, nobody is enough
        if (operation.Request is { } request)
            described["requestBody"] = new JsonObject { ["required"] = true, ["content"] = new JsonObject { [ApiJson.ContentType] = new JsonObject { ["schema"] = Reference(request, schemas) } } };
        described["responses"] = responses;
        return described;
    }

    static JsonObject Refusal(string description) => new()
    {
        ["description"] = description,
        ["content"] = new JsonObject { [ApiErrors.ContentType] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{nameof(Problem)}" } } },
    };

    static JsonObject Parameter(QueryParameter parameter, string place)
    {
        var schema = new JsonObject { ["type"] = parameter.IsNumber ? "integer" : "string" };
        if (parameter.Values.Count > 0)
            schema["enum"] = new JsonArray([.. parameter.Values.Select(value => JsonValue.Create(value))]);
        var described = new JsonObject { ["name"] = parameter.Name, ["in"] = place, ["required"] = parameter.IsRequired, ["schema"] = schema };
        if (parameter.Summary.Length > 0)
            described["description"] = parameter.Summary;
        return described;
    }

    static JsonObject Reference(Type type, SortedDictionary<string, JsonNode> schemas)
    {
        if (type == typeof(object))
            return new JsonObject { ["type"] = "object" };
        var item = type.IsGenericType ? type.GetGenericArguments()[0] : null;
        var name = item is null ? type.Name : $"PageOf{item.Name}";
        if (!schemas.ContainsKey(name))
            schemas[name] = item is null ? Schema(type) : PageSchema(Reference(item, schemas));
        return new JsonObject { ["$ref"] = $"#/components/schemas/{name}" };
    }

    static JsonObject PageSchema(JsonObject item) => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["items"] = new JsonObject { ["type"] = "array", ["items"] = item },
            ["next"] = new JsonObject { ["description"] = "What to send as \"after\" for the next page; null at the end.", ["type"] = new JsonArray("string", "null") },
        },
        ["required"] = new JsonArray("items", "next"),
    };

    static JsonNode Schema(Type type) => ApiJson.Options.GetJsonSchemaAsNode(type, Schemas);
}
