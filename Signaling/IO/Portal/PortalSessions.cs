using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Who is logged in on this node. Ids are 256 bit from the system's generator; only their hash is kept, so a memory dump opens nothing. A login is
/// held against its account at every use: it ends when the account is removed, runs out, or has another password, role or home.
/// </summary>
public sealed class PortalSessions(SignalingOptions options, PortalUsers users, PortalTokens tokens, TimeProvider time)
{
    /// <summary>How long the id of before a privilege change still names the session, without the privilege, for requests that are on their way.</summary>
    private static readonly TimeSpan s_overlap = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Entry> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string Key, TimeSpan Until)> _old = new();
    private readonly MonotonicClock _clock = new(time);

    /// <summary>Raised after a person was logged out or removed, so that what runs for them ends.</summary>
    public event Action<PortalSession>? Ended;

    internal MonotonicClock Clock => _clock;

    /// <summary>Logins and tokens that may exist at the same time.</summary>
    internal int MaxSessions { get; set; } = 50_000;

    /// <summary>Logins of one person at the same time; one more ends the oldest.</summary>
    internal int MaxOfPerson { get; set; } = 50;

    /// <summary>True when the person may log in: there is room, or an older login of the person makes some.</summary>
    public bool HasRoom(string user)
    {
        if (_sessions.Count < MaxSessions)
            return true;
        Sweep();
        return _sessions.Count < MaxSessions || _sessions.Values.Any(e => e.Session.User.Id == user);
    }

    /// <summary>Starts a session; the text is shown to the person's browser once. A person with too many loses the oldest.</summary>
    public (string Id, PortalSession Session) Start(PortalUser user, bool isToken = false, TimeSpan? life = null)
    {
        Entry[] own = [.. _sessions.Values.Where(e => !e.Session.IsToken && e.OldUntil is null && e.Session.User.Id == user.Id).OrderBy(e => e.Session.Started)];
        if (own.Length >= MaxOfPerson || (own.Length > 0 && _sessions.Count >= MaxSessions))
            End(own[0].Session);
        string id = Secret();
        var session = new PortalSession(user, Key(id), Secret(), _clock.Now, _clock.Now + (life ?? options.LoginLife), isToken);
        _sessions[session.Key] = new Entry(session, null);
        return (id, session);
    }

    /// <summary>Gives the session a new id, because what it may do grew: whoever knew the old one does not come along.</summary>
    public string Renew(PortalSession session)
    {
        string id = Secret();
        TimeSpan until = _clock.Now + s_overlap;
        while (_old.TryPeek(out var first) && first.Until <= _clock.Now && _old.TryDequeue(out first))
            _sessions.TryRemove(first.Key, out _);
        _old.Enqueue((session.Key, until));
        _sessions[session.Key] = new Entry(session, until);
        session.Key = Key(id);
        _sessions[session.Key] = new Entry(session, null);
        return id;
    }

    /// <summary>The session of an id, null when it does not exist, was idle too long, or is over.</summary>
    public PortalSession? Find(string id) => Find(id, isUse: true, out _);

    /// <summary>As <see cref="Find(string)"/>; says also whether the id is one of before a privilege change. What a page does by itself is no use.</summary>
    internal PortalSession? Find(string id, bool isUse, out bool isOld)
    {
        isOld = false;
        string key = Key(id);
        if (!_sessions.TryGetValue(key, out Entry? entry))
        {
            if (tokens.Find(key) is not { } token || users.Find(token.User) is not { } person || !HasRoom(person.Id))
                return null;
            TimeSpan life = token.Until - _clock.UtcNow;
            entry = _sessions.GetOrAdd(key, new Entry(new PortalSession(person, key, Secret(), _clock.Now, _clock.Now + life, isToken: true) { IsForPlayers = true }, null));
        }

        isOld = entry.OldUntil is not null;
        if (entry.OldUntil <= _clock.Now)
            return null;
        if (!IsAlive(entry.Session))
        {
            End(entry.Session);
            return null;
        }

        if (isUse)
            entry.Session.LastUsed = _clock.Now;
        return entry.Session;
    }

    /// <summary>True while the session goes on, without counting as a use of it.</summary>
    public bool IsAlive(PortalSession session) => !session.IsEnded && !IsOver(session) && IsCurrent(session);

    /// <summary>Counts as a use: somebody watches.</summary>
    public void Touch(PortalSession session) => session.LastUsed = _clock.Now;

    /// <summary>Ends one session.</summary>
    public void End(PortalSession session)
    {
        session.IsEnded = true;
        if (_sessions.TryRemove(session.Key, out _))
            Ended?.Invoke(session);
    }

    /// <summary>Ends every session of a person, e.g. because the account was removed.</summary>
    public void EndAll(string user)
    {
        foreach (Entry entry in _sessions.Values.Where(e => e.Session.User.Id == user))
            End(entry.Session);
    }

    /// <summary>The second factor was given now.</summary>
    internal void NoteSecondFactor(PortalSession session) => session.SecondFactorAt = _clock.Now;

    /// <summary>True while the second factor of the session counts.</summary>
    public bool IsFresh(PortalSession session) => session.SecondFactorAt is { } at && _clock.Now - at < options.SecondFactorFresh;

    /// <summary>True when the person may not go on before a second factor is enrolled: staff with anything, others with what needs one.</summary>
    public bool MustEnrol(PortalUser user) => user.SecondFactor is null && options.SecondFactor switch
    {
        SecondFactorRule.Everybody => true,
        SecondFactorRule.Staff => user.IsStaff,
        _ => false,
    };

    internal static string Secret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    internal static string Key(string id) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    private bool IsOver(PortalSession session) => _clock.Now >= session.Ends || (!session.IsToken && _clock.Now - session.LastUsed >= options.LoginIdle);

    /// <summary>Reads the account again: false when it is not the one any more that logged in.</summary>
    private bool IsCurrent(PortalSession session)
    {
        PortalUser then = session.User;
        if (users.Find(then.Id) is not { } now || (now.Password, now.Role, now.Home) != (then.Password, then.Role, then.Home) || !now.IsOpen(_clock.UtcNow))
            return false;
        if (session.IsForPlayers && tokens.Find(session.Key) is null)
            return false;
        if (!(now.SecondFactor ?? []).AsSpan().SequenceEqual(then.SecondFactor ?? []))
            session.SecondFactorAt = null;
        session.User = now;
        return true;
    }

    private void Sweep()
    {
        foreach (Entry entry in _sessions.Values.Where(e => IsOver(e.Session)))
            End(entry.Session);
    }

    /// <param name="Session">The session.</param>
    /// <param name="OldUntil">For an id of before a privilege change: how long it is known.</param>
    private sealed record Entry(PortalSession Session, TimeSpan? OldUntil);
}
