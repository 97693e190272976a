using Staithe.Door;

namespace Staithe.Web;

/// <summary>Words for refusals that people read on a page.</summary>
internal static class PageErrors
{
    const int MaxLength = 1000;

    /// <summary>What stands above the message.</summary>
    public static string TitleOf(Refusal refusal) => refusal.Title ?? refusal.Status switch
    {
        StatusCodes.Status401Unauthorized => "You are not signed in",
        StatusCodes.Status404NotFound => "Not here",
        StatusCodes.Status503ServiceUnavailable => "Not now",
        _ => "That does not go",
    };

    /// <summary>The message as a sentence, no longer than a page shows it.</summary>
    public static string MessageOf(Refusal refusal) => Visit.Sentence(Shown.Cut(refusal.Message, MaxLength));

    /// <summary>Answers with a page that says what is wrong.</summary>
    public static Task SendAsync(Visit visit, Refusal refusal) => visit.SendNoteAsync(
        refusal.Status,
        TitleOf(refusal),
        MessageOf(refusal),
        mayTryAgain: refusal.RetryAfter is not null && !HttpMethods.IsPost(visit.Http.Request.Method));
}
