namespace Staithe.Database;

/// <summary>What a transaction says of itself to those on this node who remember what they have read.</summary>
internal abstract record CommitNote;

/// <summary>Is told what was noted in a transaction, between its commit and the answer to whoever asked for it. Quick, and throws nothing.</summary>
internal interface ICommitListener
{
    /// <summary>The transaction is durable.</summary>
    void Committed(IReadOnlyList<CommitNote> notes);

    /// <summary>A transaction that noted something may have been committed, or may yet be: the connection was lost before the database had answered.</summary>
    void Unknown();
}
