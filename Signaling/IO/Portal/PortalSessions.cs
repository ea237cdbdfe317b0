using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Who is logged in on this node. Ids are 256 bit from the system's generator; only their hash is kept, so a memory dump opens nothing.</summary>
public sealed class PortalSessions(SignalingOptions options, TimeProvider time)
{
    private const int MaxSessions = 50_000;
    private readonly ConcurrentDictionary<string, PortalSession> _sessions = new(StringComparer.Ordinal);
    private readonly MonotonicClock _clock = new(time);

    /// <summary>Raised after a person was logged out or removed, so that what runs for them ends.</summary>
    public event Action<PortalSession>? Ended;

    internal MonotonicClock Clock => _clock;

    /// <summary>Starts a session; the text is shown to the person's browser once.</summary>
    public (string Id, PortalSession Session) Start(PortalUser user, bool isToken = false, TimeSpan? life = null)
    {
        if (_sessions.Count >= MaxSessions)
            Sweep();
        string id = Secret();
        var session = new PortalSession(user, Secret(), _clock.Now, _clock.Now + (life ?? options.LoginLife), isToken);
        _sessions[Key(id)] = session;
        return (id, session);
    }

    /// <summary>The session of an id, null when it does not exist, was idle too long, or is over.</summary>
    public PortalSession? Find(string id)
    {
        if (!_sessions.TryGetValue(Key(id), out PortalSession? session))
            return null;
        if (IsOver(session))
        {
            End(id);
            return null;
        }

        session.LastUsed = _clock.Now;
        return session;
    }

    /// <summary>True while the session exists, without counting as a use of it.</summary>
    public bool IsAlive(string id) => _sessions.TryGetValue(Key(id), out PortalSession? session) && _clock.Now < session.Ends;

    /// <summary>Ends one session.</summary>
    public void End(string id)
    {
        if (_sessions.TryRemove(Key(id), out PortalSession? session))
            Ended?.Invoke(session);
    }

    /// <summary>Ends every session of a person, e.g. because the account was removed.</summary>
    public void EndAll(string user)
    {
        foreach (var (key, session) in _sessions.Where(s => s.Value.User.Id == user))
        {
            if (_sessions.TryRemove(key, out _))
                Ended?.Invoke(session);
        }
    }

    /// <summary>True while the second factor of the session counts.</summary>
    public bool IsFresh(PortalSession session) => session.SecondFactorAt is { } at && _clock.Now - at < options.SecondFactorFresh;

    /// <summary>True when the person may not go on before a second factor is enrolled: staff with anything, others with what needs one.</summary>
    public bool MustEnrol(PortalUser user) => user.SecondFactor is null && options.SecondFactor switch
    {
        SecondFactorRule.Everybody => true,
        SecondFactorRule.Staff => user.IsStaff,
        _ => false,
    };

    private bool IsOver(PortalSession session) => _clock.Now >= session.Ends || (!session.IsToken && _clock.Now - session.LastUsed >= options.LoginIdle);

    private void Sweep()
    {
        foreach (var (key, session) in _sessions.Where(s => IsOver(s.Value)))
        {
            if (_sessions.TryRemove(key, out _))
                Ended?.Invoke(session);
        }
    }

    private static string Secret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static string Key(string id) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
}
