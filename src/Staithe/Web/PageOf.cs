using Microsoft.AspNetCore.Components;

namespace Staithe.Web;

/// <summary>A page that shows one thing.</summary>
public abstract class PageOf<TModel> : ComponentBase
{
    /// <summary>What is around it.</summary>
    [Parameter, EditorRequired]
    public Frame Frame { get; set; } = null!;

    /// <summary>What it shows.</summary>
    [Parameter, EditorRequired]
    public TModel Model { get; set; } = default!;
}
