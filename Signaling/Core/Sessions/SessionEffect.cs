using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.Sessions;

/// <summary>Something that the host of a session has to do, in the order given.</summary>
public abstract record SessionEffect
{
    /// <summary>Queue an instruction for the gateway.</summary>
    public sealed record Instruct(string Kind, MessageBody Body, TimeSpan Expires) : SessionEffect;

    /// <summary>Ask for gates; the session does not wait unless it says so.</summary>
    public sealed record RequestGates(GateDemand Demand) : SessionEffect;

    /// <summary>Correct the gates: media takes another path than was assumed.</summary>
    public sealed record ReplaceGates(GateDemand Demand) : SessionEffect;

    /// <summary>Delete all gates of the session.</summary>
    public sealed record ReleaseGates : SessionEffect;

    /// <summary>Answer the viewer's request with a session description.</summary>
    public sealed record AnswerViewer(string Answer) : SessionEffect;

    /// <summary>Refuse the viewer's request.</summary>
    public sealed record RefuseViewer(SessionFailure Failure) : SessionEffect;

    /// <summary>The restart that the viewer asked for cannot be done; the session goes on as it was.</summary>
    public sealed record RefuseRestart(SessionFailure Failure) : SessionEffect;

    /// <summary>Give the viewer candidates of the gateway that came after the answer.</summary>
    public sealed record DeliverCandidates(IReadOnlyList<MediaCandidate> Candidates, bool IsEnd) : SessionEffect;

    /// <summary>Tell the viewer how things stand: state, grant, steps.</summary>
    public sealed record TellViewer(SessionState State, GrantState Grant, string Words) : SessionEffect;

    /// <summary>Write a line into the incident and the home's log.</summary>
    public sealed record Note(IncidentEntryKind Kind, string Words) : SessionEffect;

    /// <summary>The session is over; nothing follows.</summary>
    public sealed record End(SessionFailure Reason) : SessionEffect;
}
