using Staithe.Audit;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>What tests look for in the audit.</summary>
internal static class AuditLines
{
    /// <summary>Waits until the audit has all of these as reasons of refusals, which are gathered for some seconds before they are written.</summary>
    public static async Task ExpectRefusalsAsync(Registry registry, IReadOnlyList<string> whys)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var details = (await ListAsync(registry)).Where(line => line.Outcome == "refused").Select(line => line.Detail ?? "").ToList();
            var missing = whys.Where(why => !details.Exists(detail => detail.Contains(why, StringComparison.Ordinal))).ToList();
            if (missing.Count == 0)
                return;
            try
            {
                await pace.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"not in the audit: {string.Join(" | ", missing)}\nbut: {string.Join("\n", details)}");
            }
        }
    }

    /// <summary>The newest lines.</summary>
    public static Task<List<AuditLine>> ListAsync(Registry registry) =>
        registry.App.Database.ReadAsync(session => AuditTable.ListAsync(session, new AuditFilter(null), long.MaxValue, 1000), TestContext.Current.CancellationToken);
}
