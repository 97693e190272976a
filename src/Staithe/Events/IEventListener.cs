namespace Staithe.Events;

/// <summary>
/// Somebody who remembers what was read from rows, in this process. Is told between the commit and the answer of what was done here, and within half a second of
/// what other processes did. Quick, throws nothing, and may be told twice.
/// </summary>
internal interface IEventListener
{
    /// <summary>What it says has happened: what was remembered of that is no longer so.</summary>
    void Hear(ContentEvent one);

    /// <summary>Some events were missed: anything may have changed.</summary>
    void MissSome();

    /// <summary>A change may be committed now, or later, or never, whatever it is.</summary>
    void MissOneUnderWay();

    /// <summary>The database cannot be asked whether anything changes, perhaps for long.</summary>
    void HearNothing();
}
