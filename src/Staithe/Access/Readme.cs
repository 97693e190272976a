using Staithe.Accounts;
using Staithe.Markup;

namespace Staithe.Access;

/// <summary>A repository's page of Markdown that may be kept: it is not too long, and can be rendered within the limits of <see cref="MarkdownText"/>.</summary>
internal sealed record Readme
{
    /// <summary>The most characters (UTF-16 code units, as a browser counts them); an end of line is one.</summary>
    public const int MaxLength = 40_000;

    Readme(string text, string html) => (Text, Html) = (text, html);

    /// <summary>As it was written, with line feeds between the lines.</summary>
    public string Text { get; }

    /// <summary>The same as HTML in which nothing acts.</summary>
    public string Html { get; }

    /// <summary>Reads a text and renders it. That can take a few hundred milliseconds, so not inside a transaction.</summary>
    /// <exception cref="AccountException">It exceeds a limit, which the message names.</exception>
    public static Readme Read(string text)
    {
        text = text.ReplaceLineEndings("\n");
        if (text.Length > MaxLength)
            throw new AccountException(AccountProblem.Invalid, $"the README has {text.Length} characters, at most {MaxLength} are kept: shorten it");
        if (text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\t')))
            throw new AccountException(AccountProblem.Invalid, "the README holds a control character: leave it out");
        try
        {
            return new Readme(text, MarkdownText.Render(text));
        }
        catch (MarkdownException refused)
        {
            throw new AccountException(AccountProblem.Invalid, $"the README cannot be rendered: {refused.Message}");
        }
    }
}
