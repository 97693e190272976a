using System.Diagnostics;
using System.Net;

namespace Staithe.Tests.Harness;

/// <summary>For what comes a moment after its cause: asks again and again, for half a minute at most.</summary>
internal static class Eventually
{
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Until the answer is the expected one.</summary>
    public static async Task IsAsync<T>(T expected, Func<Task<T>> ask)
    {
        using var pace = new PeriodicTimer(Pace);
        var started = Stopwatch.GetTimestamp();
        T actual;
        while (!Equals(expected, actual = await ask()) && Stopwatch.GetElapsedTime(started) < Patience)
            await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        Assert.Equal(expected, actual);
    }

    /// <summary>Until it holds.</summary>
    public static Task HoldsAsync(Func<Task<bool>> holds) => IsAsync(true, holds);

    /// <summary>Until the request gets the status that a change is about to bring.</summary>
    public static Task AnswersAsync(HttpStatusCode status, Func<Task<HttpResponseMessage>> send) => IsAsync(status, async () =>
    {
        using var response = await send();
        return response.StatusCode;
    });
}
