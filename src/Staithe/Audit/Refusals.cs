using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Audit;

/// <summary>What was tried and refused.</summary>
internal sealed class Refusals(UnitRunner runner) : GatheredLines(runner, "refusals", 1000, AuditTable.RefuseAsync, SpaceUse.Small);
