using Staithe.Database;

namespace Staithe.Audit;

/// <summary>What was tried and refused.</summary>
internal sealed class Refusals(Db db, Action<Exception> failed) : GatheredLines(db, "refusals", 1000, AuditTable.RefuseAsync, failed, SpaceUse.Small);
