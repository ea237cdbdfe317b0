namespace MediaRelay.Signaling.Gateways;

/// <summary>
/// Decides from requests, resets and silence whether one gateway is connected, suspect or lost.
/// </summary>
/// <remarks>
/// <code>
///  Unknown --heard--> Connected --45 s silence, or 2 s after a reset--> Suspect --60 s--> Lost
///                         ^---------------------heard--------------------+--------------+
/// </code>
/// While a request is held the gateway counts as heard only when the request came and when it ended: a pulled cable sends no reset.
/// Silence that the server itself asked for does not count: after a restart until the gateway is heard, and until the time it was told to come back.
/// </remarks>
public sealed class GatewayPresence(PresenceLimits limits)
{
    private TimeSpan _heard;
    private TimeSpan _expected = TimeSpan.MinValue;
    private TimeSpan _told = TimeSpan.MinValue;
    private TimeSpan? _reset;
    private int _open;

    /// <summary>The times in force; a home's own rule may change them while the gateway is served.</summary>
    public PresenceLimits Limits { get; set; } = limits;

    /// <summary>The state.</summary>
    public PresenceState State { get; private set; }

    /// <summary>When the gateway was last heard.</summary>
    public TimeSpan Heard => _heard;

    /// <summary>When <see cref="HandleDeadline"/> has to be called, null when nothing is pending.</summary>
    public TimeSpan? NextDeadline => State switch
    {
        PresenceState.Connected => Earlier(Silent(_heard) + Limits.Silence, Silent(_reset) + Limits.ResetGrace),
        PresenceState.Suspect => Earlier(Silent(_heard) + Limits.Lost, Silent(_reset) + Limits.Lost),
        _ => null,
    };

    /// <summary>After a restart: what the gateway was before it still holds, so that its silence means something, and its return too.</summary>
    /// <param name="before">Its state when it was noted last.</param>
    /// <param name="heard">When it was heard last; before the start of the process that is a negative time.</param>
    /// <param name="until">Its silence counts from here on, unless it is heard before: all return at once, and not all get in at once.</param>
    public void HandleExpected(PresenceState before, TimeSpan heard, TimeSpan until)
    {
        if (State != PresenceState.Unknown)
            return;
        State = before;
        _heard = heard;
        _expected = until;
    }

    /// <summary>The gateway was told to come back at this time; until then it may be silent.</summary>
    public void HandleTold(TimeSpan until)
    {
        if (until > _told)
            _told = until;
    }

    /// <summary>A request, or bytes of one, arrived.</summary>
    public void HandleRequest(TimeSpan now, List<PresenceChange> changes)
    {
        _open++;
        Hear(now, changes);
    }

    /// <summary>Bytes of an open request arrived.</summary>
    public void HandleBytes(TimeSpan now, List<PresenceChange> changes) => Hear(now, changes);

    /// <summary>A request was answered. Whether the answer arrived is not known, so this is not a sign of life.</summary>
    public void HandleAnswered() => _open = Math.Max(0, _open - 1);

    /// <summary>The connection of a request broke before the answer was sent.</summary>
    public void HandleReset(TimeSpan now)
    {
        _open = Math.Max(0, _open - 1);
        if (_open == 0 && State == PresenceState.Connected)
            _reset ??= now;
    }

    /// <summary>Everything due is done; extra calls are harmless.</summary>
    public void HandleDeadline(TimeSpan now, List<PresenceChange> changes)
    {
        if (State == PresenceState.Connected)
        {
            if (Silent(_reset) is { } reset && now >= reset + Limits.ResetGrace)
                Change(PresenceState.Suspect, $"The connection was reset and no other came within {Limits.ResetGrace.TotalSeconds:0.#} s.", changes);
            else if (now >= Silent(_heard) + Limits.Silence)
                Change(PresenceState.Suspect, $"Nothing was heard for {Limits.Silence.TotalSeconds:0.#} s.", changes);
        }

        if (State == PresenceState.Suspect && now >= Earlier(Silent(_heard) + Limits.Lost, Silent(_reset) + Limits.Lost))
            Change(PresenceState.Lost, $"Nothing was heard for {Limits.Lost.TotalSeconds:0.#} s.", changes);
    }

    /// <summary>When a silence that began then begins to count.</summary>
    private TimeSpan Silent(TimeSpan since) => Later(since, Later(_expected, _told));

    private TimeSpan? Silent(TimeSpan? since) => since is { } time ? Silent(time) : null;

    private static TimeSpan Later(TimeSpan first, TimeSpan second) => first > second ? first : second;

    private static TimeSpan Earlier(TimeSpan first, TimeSpan? second) => second is { } other && other < first ? other : first;

    private void Hear(TimeSpan now, List<PresenceChange> changes)
    {
        if (State != PresenceState.Connected)
            Change(PresenceState.Connected, State == PresenceState.Unknown ? "The gateway was heard for the first time." : "The gateway was heard again.", changes);
        _heard = now;
        _reset = null;
        _expected = TimeSpan.MinValue;
    }

    private void Change(PresenceState to, string reason, List<PresenceChange> changes)
    {
        changes.Add(new PresenceChange(State, to, _heard, reason));
        State = to;
    }
}
