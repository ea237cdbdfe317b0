using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;

namespace MediaRelay.Signaling.Gateways;

/// <summary>How long one home's gateway may be silent, and which changes of its presence become events or alarms.</summary>
/// <remarks>A gateway that is torn from the wall while the home is armed is silent like one whose line is bad: what it means is the home's decision.</remarks>
public sealed record ConnectivityRule
{
    /// <summary>Contact ID 356: polling from the station lost.</summary>
    public const string LostCode = "356";

    /// <summary>The rule of a home that has none of its own: all events, lost is a trouble, no alarm.</summary>
    public static ConnectivityRule Default { get; } = new();

    /// <summary>Silence after which the gateway is lost, 10 s to 1 day; null takes the server's. It is suspect after three quarters of it, or at the server's time when that is earlier.</summary>
    public TimeSpan? LostAfter { get; init; }

    /// <summary>What a suspect gateway becomes.</summary>
    public ConnectivityReport OnSuspect { get; init; } = ConnectivityReport.Event;

    /// <summary>What a lost gateway becomes.</summary>
    public ConnectivityReport OnLost { get; init; } = ConnectivityReport.Trouble;

    /// <summary>What a gateway that is back becomes; an alarm makes no sense and counts as an event.</summary>
    public ConnectivityReport OnBack { get; init; } = ConnectivityReport.Event;

    /// <summary>The fault of the rule in a sentence, null when it has none.</summary>
    public string? Fault() => LostAfter is { } lost && (lost < TimeSpan.FromSeconds(10) || lost > TimeSpan.FromDays(1))
        ? $"LostAfter is {lost.TotalSeconds:0} s. Choose 10 s to 1 day; the shorter it is, the more often the gateway has to ask."
        : null;

    /// <summary>The presence times of the home's gateway.</summary>
    public PresenceLimits Limits(PresenceLimits server)
    {
        if (LostAfter is not { } lost)
            return server;
        TimeSpan silence = server.Silence < lost * 0.75 ? server.Silence : lost * 0.75;
        return server with { Silence = silence, Lost = lost };
    }

    /// <summary>True when <see cref="Events"/> depends on whether the home is armed.</summary>
    public bool AsksWhetherArmed(PresenceState to) => Of(to) == ConnectivityReport.AlarmWhenArmed;

    /// <summary>The events that a change becomes, in their order; their numbers and ids are given when they are stored.</summary>
    public IEnumerable<SmaEvent> Events(PresenceChange change, bool isArmed, DateTimeOffset utcNow)
    {
        ConnectivityReport report = Of(change.To);
        if (report == ConnectivityReport.Nothing)
            yield break;
        bool isAlarm = change.To != PresenceState.Connected && (report == ConnectivityReport.Alarm || (report == ConnectivityReport.AlarmWhenArmed && isArmed));
        yield return new SmaEvent
        {
            Id = "", Seq = 0, Time = utcNow,
            Kind = change.To switch
            {
                PresenceState.Suspect => SmaEventKinds.GatewaySuspect,
                PresenceState.Lost => SmaEventKinds.GatewayLost,
                _ => SmaEventKinds.GatewayBack,
            },
            Priority = report == ConnectivityReport.Event || change.To == PresenceState.Connected ? EventPriority.Status : EventPriority.Trouble,
            Body = new TextBody(change.Reason),
        };
        if (isAlarm)
        {
            yield return new SmaEvent
            {
                Id = "", Seq = 0, Time = utcNow, Kind = SmaEventKinds.AlarmRaised, Priority = EventPriority.Alarm, Code = LostCode,
                Body = new TextBody(isArmed ? $"The home is armed and its gateway is silent. {change.Reason}" : change.Reason),
            };
        }
    }

    private ConnectivityReport Of(PresenceState to) => to switch
    {
        PresenceState.Suspect => OnSuspect,
        PresenceState.Lost => OnLost,
        _ => OnBack,
    };
}
