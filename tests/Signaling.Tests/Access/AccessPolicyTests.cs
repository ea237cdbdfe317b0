using MediaRelay.Signaling.Access;

namespace MediaRelay.Signaling.Tests.Access;

/// <summary>The table of rights, cell by cell, and how a right ends.</summary>
public sealed class AccessPolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    // y = allowed on the own home or always, n = never, g = only by grant, a = only while an alarm is open (or by grant).
    [Theory]
    [InlineData(HomeAction.ViewState, "y g a a g n")]
    [InlineData(HomeAction.Arm, "y g n n g n")]
    [InlineData(HomeAction.Bypass, "y g n n g n")]
    [InlineData(HomeAction.Disarm, "y g n n n n")]
    [InlineData(HomeAction.ControlDevice, "y g n n g n")]
    [InlineData(HomeAction.Unlock, "y g n n n n")]
    [InlineData(HomeAction.LookIn, "y g a a g n")]
    [InlineData(HomeAction.Talk, "y g a a g n")]
    [InlineData(HomeAction.ViewClips, "y g a a n n")]
    [InlineData(HomeAction.ViewIncidents, "y n y y n n")]
    [InlineData(HomeAction.WorkAlarm, "n n y y n n")]
    [InlineData(HomeAction.SuperviseAlarm, "n n n y n n")]
    [InlineData(HomeAction.ConfigureHome, "y n n n g n")]
    [InlineData(HomeAction.ManageUsers, "y n n n n n")]
    [InlineData(HomeAction.ViewAudit, "y n n y n y")]
    [InlineData(HomeAction.OperateSystem, "n n n n n y")]
    [InlineData(HomeAction.RequestBandwidth, "n n n n n y")]
    [InlineData(HomeAction.Provision, "n n n n n y")]
    public void The_table_of_rights(HomeAction action, string cells)
    {
        foreach (var (role, cell) in Enum.GetValues<ActorRole>().Zip(cells.Split(' ')))
        {
            var actor = new Actor("u", "Ann", role, role is ActorRole.HomeOwner or ActorRole.Guest ? "h1" : null);
            var grant = new AccessGrant("g-1", "h1", "u", Enum.GetValues<HomeAction>(), Now, Now.AddHours(1), "Bob", "visit");
            var quiet = new HomeFacts { Home = "h1", Camera = CameraRule.OnAlarm };
            var alarm = quiet with { LastAlarmSignal = Now };
            var granted = quiet with { Grants = [grant] };
            var expected = cell switch { "y" => (true, true, true), "n" => (false, false, false), "g" => (false, false, true), _ => (false, true, true) };
            Assert.Equal(expected, (Allows(quiet), Allows(alarm), Allows(granted)));

            bool Allows(HomeFacts facts) => AccessPolicy.Decide(actor, action, facts, Now).IsAllowed;
        }
    }

    [Fact]
    public void The_table_names_every_action() =>
        Assert.Equal(Enum.GetValues<HomeAction>().Length, typeof(AccessPolicyTests).GetMethod(nameof(The_table_of_rights))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Length);

    [Theory]
    [InlineData(null, true, false, "Refused: the home owner never shows this camera to operators.")]
    [InlineData(CameraRule.Never, true, false, "Refused: the home owner never shows this camera to operators.")]
    [InlineData(CameraRule.OnAlarm, false, true, "An alarm of this home is open.")]
    [InlineData(CameraRule.OnAlarmWhenAway, false, false, "Refused: the home owner shows this camera only for alarms raised while away.")]
    [InlineData(CameraRule.OnAlarmWhenAway, true, true, "An alarm of this home is open.")]
    public void The_home_owner_decides_per_camera_what_operators_see_hear_and_play_back(CameraRule? rule, bool away, bool allowed, string reason)
    {
        foreach (var action in (HomeAction[])[HomeAction.LookIn, HomeAction.Talk, HomeAction.ViewClips])
        {
            var decision = AccessPolicy.Decide(Operator, action, new HomeFacts { Home = "h1", LastAlarmSignal = Now, AlarmWhileAway = away, Camera = rule }, Now);
            Assert.Equal((action, allowed, reason), (action, decision.IsAllowed, decision.Reason));
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(899, true)]
    [InlineData(900, false)]
    public void The_look_in_window_is_fifteen_minutes_after_the_last_signal(int secondsLater, bool allowed)
    {
        var decision = AccessPolicy.Decide(Operator, HomeAction.LookIn, new HomeFacts { Home = "h1", LastAlarmSignal = Now, Camera = CameraRule.OnAlarm }, Now.AddSeconds(secondsLater));
        Assert.Equal(allowed, decision.IsAllowed);
        Assert.Equal(allowed ? Now.AddMinutes(15) : null, decision.Until);
    }

    [Fact]
    public void A_supervisor_s_extension_moves_the_end_of_the_window()
    {
        var facts = new HomeFacts { Home = "h1", LastAlarmSignal = Now.AddMinutes(-20), WindowExtendedUntil = Now.AddMinutes(5), Camera = CameraRule.OnAlarm };
        Assert.Equal(Now.AddMinutes(5), AccessPolicy.Decide(Operator, HomeAction.LookIn, facts, Now).Until);
    }

    [Fact]
    public void A_grant_ends_at_its_end_and_covers_only_its_home_subject_and_actions()
    {
        var grant = new AccessGrant("g-1", "h1", "guest", [HomeAction.LookIn], Now, Now.AddMinutes(10), "Ann", "dog sitting");
        var facts = new HomeFacts { Home = "h1", Grants = [grant], Camera = CameraRule.Never };
        var guest = new Actor("guest", "Gus", ActorRole.Guest, "h1");
        Assert.Equal("Ann granted it: dog sitting", AccessPolicy.Decide(guest, HomeAction.LookIn, facts, Now).Reason);
        Assert.Equal(Now.AddMinutes(10), AccessPolicy.Decide(guest, HomeAction.LookIn, facts, Now).Until);
        Assert.False(AccessPolicy.Decide(guest, HomeAction.LookIn, facts, Now.AddMinutes(10)).IsAllowed);
        Assert.False(AccessPolicy.Decide(guest, HomeAction.LookIn, facts, Now.AddSeconds(-1)).IsAllowed);
        Assert.False(AccessPolicy.Decide(guest, HomeAction.Talk, facts, Now).IsAllowed);
        Assert.False(AccessPolicy.Decide(guest with { Id = "other" }, HomeAction.LookIn, facts, Now).IsAllowed);
        Assert.False(AccessPolicy.Decide(guest, HomeAction.LookIn, facts with { Home = "h2" }, Now).IsAllowed);
    }

    [Fact]
    public void A_guest_of_the_same_name_in_another_home_has_nothing_of_the_grant()
    {
        var grant = new AccessGrant("g-1", "h1", "guest", [HomeAction.LookIn], Now, Now.AddMinutes(10), "Ann", "dog sitting");
        var decision = AccessPolicy.Decide(new Actor("guest", "Eve", ActorRole.Guest, "h2"), HomeAction.LookIn, new HomeFacts { Home = "h1", Grants = [grant] }, Now);
        Assert.Equal((false, "Refused for Eve (guest): it is another home."), (decision.IsAllowed, decision.Reason));
    }

    [Fact]
    public void A_home_owner_has_no_right_in_another_home() =>
        Assert.Equal("Refused for Ann (home owner): it is another home.", AccessPolicy.Decide(new("a", "Ann", ActorRole.HomeOwner, "h2"), HomeAction.ViewState, new HomeFacts { Home = "h1" }, Now).Reason);

    private static Actor Operator { get; } = new("op", "Olga", ActorRole.CentralStationOperator);
}
