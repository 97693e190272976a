using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Files;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>
/// The one place that turns what is thrown into a refusal, whichever face the request came by. What is not in the table is a bug or an
/// outage.
/// </summary>
internal sealed class RefusalTable(Db db)
{
    static readonly TimeSpan AfterOutage = TimeSpan.FromSeconds(5);
    static readonly TimeSpan AfterRace = TimeSpan.FromSeconds(1);

    /// <param name="exception">What was thrown.</param>
    /// <param name="trace">What the log calls the request.</param>
    public Refusal Translate(Exception exception, string trace) => exception switch
    {
        RefusalException refused => refused.Refusal,
        OciException refused => Of(refused),
        AccountException refused => new Refusal(ErrorOf(refused.Problem), refused.Message) { Title = TitleOf(refused.Problem) },
        MissingRightException missing => new Refusal(OciError.Denied, $"{missing.Message}: ask an owner of the space for it") { Title = TitleOf(AccountProblem.Forbidden) },
        LookException look => Of(look),
        SignInAwayException away => new Refusal(OciError.Unavailable, away.Message) { Title = "Nobody can be let in now", RetryAfter = away.Wait },
        SignInBusyException busy => new Refusal(OciError.TooManyRequests, busy.Message) { Title = "Too many attempts", RetryAfter = busy.Wait },
        SignInRefusedException refused => new Refusal(OciError.Unauthorized, refused.Message),
        TooManyRequestsException many => new Refusal(OciError.TooManyRequests, many.Message) { Title = "Too many requests", RetryAfter = many.Wait },
        FederationException { IsOutage: true } => new Refusal(OciError.Unavailable, $"the issuer cannot be asked now: try again later; the log has the reason under {trace}")
        {
            Title = "The issuer does not answer",
            RetryAfter = AfterOutage,
            IsFault = true,
        },
        FederationException => new Refusal(OciError.Denied, "what the issuer said is not believed: sign in there once more"),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } =>
            new Refusal(OciError.RequestTimeout, "the body came too slowly: send it again"),
        BadHttpRequestException bad => Refusal.Of(bad.StatusCode, bad.Message) with { Error = ErrorOf(bad), Title = "The request cannot be read" },
        _ => OfFault(exception, trace),
    };

    /// <summary>The status of a refusal by the accounts.</summary>
    public static int StatusOf(AccountProblem problem) => ErrorOf(problem).Status;

    static readonly OciError Taken = new(OciError.Denied.Code, StatusCodes.Status409Conflict);

    static OciError ErrorOf(AccountProblem problem) => problem switch
    {
        AccountProblem.Taken => Taken,
        AccountProblem.Unknown => OciError.NameUnknown,
        AccountProblem.Forbidden => OciError.Denied,
        _ => OciError.ParameterInvalid,
    };

    static string? TitleOf(AccountProblem problem) => problem == AccountProblem.Forbidden ? "That is not yours to do" : null;

    static OciError ErrorOf(BadHttpRequestException bad) => new(OciError.RequestInvalid.Code, bad.StatusCode);

    static Refusal Of(OciException refused) => new(refused.Error, refused.Message)
    {
        Headers = refused.Headers,
        Details = refused.Details,
        RetryAfter = refused.Headers.TryGetValue("Retry-After", out var text) && int.TryParse(text, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null,
    };

    static Refusal Of(LookException look)
    {
        var refusal = Refusal.Of(look.Status, look.Message);
        return look.RetryAfter is { } seconds
            ? refusal with { Title = "Not looked into yet", RetryAfter = TimeSpan.FromSeconds(seconds) }
            : refusal with { Title = "It cannot be looked into" };
    }

    Refusal OfFault(Exception exception, string trace)
    {
        var refusal = Explain(exception, trace);
        return refusal with { IsFault = true };
    }

    Refusal Explain(Exception exception, string trace)
    {
        if (db.FindFault(exception) is { } fault)
            return new Refusal(OciError.StorageFull, fault.Reason) { Title = "No room on the disk" };
        if (db.HasLostRace(exception))
        {
            return new Refusal(OciError.Unavailable, "many requests change the same thing at this moment: try again")
            {
                Title = "Too much at once",
                RetryAfter = AfterRace,
            };
        }
        if (db.IsAway(exception))
        {
            return new Refusal(OciError.Unavailable, $"the registry's database does not answer: try again later; its log has the reason under {trace}")
            {
                Title = "The database does not answer",
                RetryAfter = AfterOutage,
            };
        }
        return exception is OperationCanceledException
            ? new Refusal(OciError.Unavailable, $"the registry broke this request off: try again; its log has the reason under {trace}") { RetryAfter = AfterRace }
            : new Refusal(OciError.Unknown, $"the registry failed; its log has the reason under {trace}") { Title = "The registry failed" };
    }
}
