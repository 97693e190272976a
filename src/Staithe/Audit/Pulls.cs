using Staithe.Database;

namespace Staithe.Audit;

/// <summary>Pulls of manifests, in spaces that ask for a line of each.</summary>
internal sealed class Pulls(Db db, Action<Exception> failed)
    : GatheredLines(db, "manifest.pull", 20_000, 20_000, AuditTable.AddAsync, failed);
