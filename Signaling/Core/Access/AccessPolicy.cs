namespace MediaRelay.Signaling.Access;

/// <summary>
/// Who may do what to which home, and when: one table, default deny. It is asked before every action, and again when an answer's
/// <see cref="AccessDecision.Until"/> passes or the home's facts change while media runs.
/// </summary>
/// <remarks>
/// <code>
///  action            home owner   guest    operator        supervisor       installer   MSO operator
///  ViewState         own home     grant    alarm or grant  alarm or grant   grant       -
///  Arm               own home     grant    -               -                grant       -
///  Bypass            own home     grant    -               -                grant       -
///  Disarm, Unlock    own home     grant    -               -                -           -
///  ControlDevice     own home     grant    -               -                grant       -
///  LookIn, Talk      own home     grant    alarm + camera  alarm + camera   grant       -
///  ViewClips         own home     grant    alarm + camera  alarm + camera   -           -
///  ViewIncidents     own home     -        yes             yes              -           -
///  WorkAlarm         -            -        yes             yes              -           -
///  SuperviseAlarm    -            -        -               yes              -           -
///  ConfigureHome     own home     -        -               -                grant       -
///  ManageUsers       own home     -        -               -                -           -
///  ViewAudit         own home     -        -               yes              -           yes
///  OperateSystem     -            -        -               -                -           yes
///  RequestBandwidth  -            -        -               -                -           yes
///  Provision         -            -        -               -                -           yes
/// </code>
/// "alarm" means: an alarm of that home is open and its last signal is at most <see cref="LookInWindow"/> old (or the window was extended).
/// "camera" means: and the home owner's rule for the camera allows it. A grant opens the home it was given for; a guest's only the guest's own.
/// </remarks>
public static class AccessPolicy
{
    /// <summary>How long after the last alarm signal operators may look in: 15 minutes.</summary>
    public static readonly TimeSpan LookInWindow = TimeSpan.FromMinutes(15);

    /// <summary>Decides; everything that no row allows is refused.</summary>
    public static AccessDecision Decide(Actor actor, HomeAction action, HomeFacts home, DateTimeOffset utcNow)
    {
        var rule = Rule(actor.Role, action);
        if (rule == Basis.Always)
        {
            return new(true, $"{Title(actor.Role)}s may do this.", $"role:{actor.Role}");
        }

        if (rule == Basis.OwnHome)
        {
            return actor.Home == home.Home
                ? new(true, "It is the actor's own home.", "own-home")
                : Refuse(actor, "it is another home");
        }

        if (actor.Role == ActorRole.Guest && actor.Home != home.Home)
        {
            // A name may be given again in another home; what it was granted here does not go with it.
            return Refuse(actor, "it is another home");
        }

        if (rule is Basis.Alarm or Basis.AlarmAndCamera && Alarm(rule, home, utcNow) is { } alarm)
        {
            if (alarm.IsAllowed || OpenGrant(actor, action, home, utcNow) is null)
            {
                return alarm;
            }
        }

        if (rule is Basis.Grant or Basis.Alarm or Basis.AlarmAndCamera)
        {
            return OpenGrant(actor, action, home, utcNow) is { } grant
                ? new(true, $"{grant.GivenBy} granted it: {grant.Reason}", $"grant:{grant.Id}", grant.Until)
                : Refuse(actor, rule == Basis.Grant ? "no grant for it is open" : "no alarm of this home is open and no grant for it runs");
        }

        return Refuse(actor, "this role may never do it");
    }

    private static Basis Rule(ActorRole role, HomeAction action) => (role, action) switch
    {
        (ActorRole.HomeOwner, HomeAction.WorkAlarm or HomeAction.SuperviseAlarm or HomeAction.OperateSystem or HomeAction.RequestBandwidth or HomeAction.Provision) => Basis.Never,
        (ActorRole.HomeOwner, _) => Basis.OwnHome,

        (ActorRole.Guest, HomeAction.ViewState or HomeAction.Arm or HomeAction.Bypass or HomeAction.Disarm or HomeAction.Unlock or HomeAction.ControlDevice
            or HomeAction.LookIn or HomeAction.Talk or HomeAction.ViewClips) => Basis.Grant,

        (ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor, HomeAction.ViewIncidents or HomeAction.WorkAlarm) => Basis.Always,
        (ActorRole.CentralStationSupervisor, HomeAction.SuperviseAlarm or HomeAction.ViewAudit) => Basis.Always,
        (ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor, HomeAction.ViewState) => Basis.Alarm,
        (ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor, HomeAction.LookIn or HomeAction.Talk or HomeAction.ViewClips) => Basis.AlarmAndCamera,

        (ActorRole.Installer, HomeAction.ViewState or HomeAction.Arm or HomeAction.Bypass or HomeAction.ControlDevice or HomeAction.LookIn or HomeAction.Talk or HomeAction.ConfigureHome) => Basis.Grant,

        (ActorRole.MsoOperator, HomeAction.OperateSystem or HomeAction.RequestBandwidth or HomeAction.Provision or HomeAction.ViewAudit) => Basis.Always,
        _ => Basis.Never,
    };

    /// <summary>The answer that the home's alarm gives, or null when none is open.</summary>
    private static AccessDecision? Alarm(Basis rule, HomeFacts home, DateTimeOffset utcNow)
    {
        if (home.LastAlarmSignal is not { } signal)
        {
            return null;
        }

        var until = signal + LookInWindow;
        if (home.WindowExtendedUntil is { } extended && extended > until)
        {
            until = extended;
        }

        if (utcNow >= until)
        {
            return new(false, "Refused: the look-in window of this alarm is over; a supervisor may extend it with a reason.", "alarm");
        }

        if (rule == Basis.AlarmAndCamera)
        {
            if (home.Camera is null or CameraRule.Never)
            {
                return new(false, "Refused: the home owner never shows this camera to operators.", "alarm");
            }

            if (home.Camera == CameraRule.OnAlarmWhenAway && !home.AlarmWhileAway)
            {
                return new(false, "Refused: the home owner shows this camera only for alarms raised while away.", "alarm");
            }
        }

        return new(true, "An alarm of this home is open.", "alarm", until);
    }

    private static AccessGrant? OpenGrant(Actor actor, HomeAction action, HomeFacts home, DateTimeOffset utcNow) =>
        home.Grants.Where(g => g.Home == home.Home && g.Subject == actor.Id && g.IsOpen(utcNow) && g.Actions.Contains(action)).MaxBy(g => g.Until);

    private static AccessDecision Refuse(Actor actor, string why) => new(false, $"Refused for {actor.Name} ({Title(actor.Role)}): {why}.", "none");

    private static string Title(ActorRole role) => role switch
    {
        ActorRole.HomeOwner => "home owner",
        ActorRole.Guest => "guest",
        ActorRole.CentralStationOperator => "central-station operator",
        ActorRole.CentralStationSupervisor => "central-station supervisor",
        ActorRole.Installer => "installer",
        _ => "MSO operator",
    };

    private enum Basis
    {
        Never,
        Always,
        OwnHome,
        Grant,
        Alarm,
        AlarmAndCamera,
    }
}
