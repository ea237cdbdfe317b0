using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.IO.Storage;

/// <summary>The hash-chained audit: append-only, written before an action is answered.</summary>
public interface IAuditLog
{
    /// <summary>Appends one record; when the task completes it is durable and the action may be answered.</summary>
    /// <exception cref="StorageException">It was not stored; the action must be refused.</exception>
    Task<AuditRecord> AppendAsync(AuditLine line);

    /// <summary>Records of one home, or of all, below a number, descending.</summary>
    IReadOnlyList<AuditRecord> Read(string? home, long? before, int max);

    /// <summary>Checks the whole chain; the first fault in words, null when it is whole.</summary>
    string? Verify();

    /// <summary>Where the chain ends now.</summary>
    ChainEnd End();

    /// <summary>Whether the chain still passes through an end that was noted once; the fault in words, null when it does.</summary>
    string? CheckEnd(ChainEnd end);
}

/// <summary>What is to be audited; number and chain are added when it is stored.</summary>
/// <param name="At">Wall-clock time.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Home">Which home, or empty.</param>
/// <param name="Grant">What it rested on.</param>
/// <param name="Result"><c>allowed</c>, <c>refused</c>, <c>done</c> or <c>failed</c>.</param>
/// <param name="Source">Where the request came from.</param>
/// <param name="Detail">One sentence.</param>
public sealed record AuditLine(DateTimeOffset At, string Actor, string Action, string Home, string Grant, string Result, string Source, string Detail);
