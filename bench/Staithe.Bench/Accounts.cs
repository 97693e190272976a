using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Staithe.Bench;

/// <summary>What a server with accounts is asked with: the name and password of the one who owns what is pulled, or a token.</summary>
internal static class Accounts
{
    /// <summary>The account and its space, which is the first part of the names of all that is pulled.</summary>
    public const string Name = "bench";

    const string Password = "a password for the bench";

    /// <summary>How many tries one address has before it has to wait.</summary>
    const int TriesOfAnAddress = 9;

    /// <summary>The <c>Authorization</c> header with the password.</summary>
    public static string Basic => $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Name}:{Password}"))}";

    /// <summary>What a token is asked for with.</summary>
    public static string TokenPath(Server server, string repository) => $"/v2/auth?service={server.Address}&scope=repository:{repository}:pull";

    /// <summary>Makes the account in a data directory that no server uses now.</summary>
    public static void Add(string directory, Options options)
    {
        using var process = Process.Start(new ProcessStartInfo(options.StaitheProgram, ["user", "add", Name, "--password-stdin", "--data", Path.Combine(directory, "data")]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new BenchException("staithe user cannot be started");
        process.StandardInput.WriteLine(Password);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BenchException($"staithe user fails: {error}");
    }

    /// <summary>The <c>Authorization</c> header with a token, which lasts longer than a run.</summary>
    public static string Bearer(Server server, string repository)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };
        http.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(Basic);
        using var answer = http.Send(new HttpRequestMessage(HttpMethod.Get, TokenPath(server, repository)));
        using var body = JsonDocument.Parse(answer.EnsureSuccessStatusCode().Content.ReadAsStream());
        return $"Bearer {body.RootElement.GetProperty("token").GetString()}";
    }

    /// <summary>
    /// So many sign-ins a second, each with a password that is hashed, until told to stop; how many were answered. They come from ever other
    /// addresses with ever other names: who guesses from one place has to wait, and costs nothing.
    /// </summary>
    public static long SignIn(IPEndPoint address, int perSecond, CancellationToken enough)
    {
        const int clients = 100;
        var answered = 0L;
        Exception? failure = null;
        void Client(int number)
        {
            try
            {
                var pace = TimeSpan.FromSeconds((double)clients / perSecond);
                for (var place = 0; !enough.IsCancellationRequested; place++)
                {
                    using var connection = new Connection(address, new IPAddress([127, (byte)(1 + number), (byte)(place >> 8), (byte)(1 + (place & 0x7f))]));
                    for (var i = 0; i < TriesOfAnAddress && !enough.IsCancellationRequested; i++)
                    {
                        var began = Stopwatch.GetTimestamp();
                        connection.Authorization = $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"u{Guid.NewGuid():N}:a wrong password"))}";
                        var status = connection.Get("/v2/").Status;
                        if (status is not (401 or 429))
                            throw new BenchException($"a sign-in was answered with {status}");
                        Interlocked.Increment(ref answered);
                        var left = pace - Stopwatch.GetElapsedTime(began);
                        if (left > TimeSpan.Zero)
                            enough.WaitHandle.WaitOne(left);
                    }
                }
            }
            catch (Exception e)
            {
                failure ??= e;
            }
        }
        var threads = Enumerable.Range(0, clients).Select(number => new Thread(() => Client(number), 256 * 1024)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return failure is null ? answered : throw new BenchException($"a client failed: {failure.Message}");
    }
}
