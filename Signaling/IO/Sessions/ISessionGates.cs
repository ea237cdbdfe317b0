using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>The application manager as sessions see it. The server connects the real one; without a Qos section there is none.</summary>
public interface ISessionGates
{
    /// <summary>How long an answer waits for its gates to be committed; null: media never waits.</summary>
    TimeSpan? HoldFor { get; }

    /// <summary>Asks for the gates of a session; what becomes of them is told to <see cref="GrantChanged"/>.</summary>
    Task RequestAsync(GateDemand demand);

    /// <summary>Corrects the gates of a session after its path changed.</summary>
    Task ReplaceAsync(GateDemand demand);

    /// <summary>Deletes the gates of a session.</summary>
    Task ReleaseAsync(string session);

    /// <summary>Session, state of its grant, and one sentence.</summary>
    event Action<string, GrantState, string>? GrantChanged;
}
