using Staithe.Jobs;

namespace Staithe.Audit;

/// <summary>Pulls of manifests, in spaces that ask for a line of each.</summary>
internal sealed class Pulls(UnitRunner runner) : GatheredLines(runner, "manifest.pull", 20_000, 20_000, AuditTable.AddAsync);
