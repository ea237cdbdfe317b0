using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>An alarm may be sent before what happened earlier; the home is shown as it is all the same.</summary>
public sealed class OvertakingAlarmTests
{
    private static readonly DateTimeOffset Utc = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_partition_is_shown_in_alarm_and_armed_as_it_was_although_the_arming_comes_later()
    {
        HomeRecord home = Apply(new HomeRecord { Id = "h", Name = "h", Gateway = "g" }, SmaEventKinds.AlarmRaised, 5, "away", "alarm");
        home = Apply(home, SmaEventKinds.PartitionState, 1, null, null, new PartitionBody { Id = 1, Mode = "away", State = "exit", ExitDelay = TimeSpan.FromSeconds(45) });
        HomePartition partition = Assert.Single(home.Partitions);
        Assert.Equal(("alarm", "away", null), (partition.State, partition.Mode, partition.Until));
        Assert.Equal([(ushort)3], partition.AlarmZones);
    }

    [Fact]
    public void And_as_disarmed_when_its_cancellation_comes_before_the_disarm()
    {
        HomeRecord home = Apply(new HomeRecord { Id = "h", Name = "h", Gateway = "g" }, SmaEventKinds.AlarmRaised, 5, "away", "alarm");
        home = Apply(home, SmaEventKinds.AlarmCancelled, 9, "off", "disarmed");
        HomePartition partition = Assert.Single(home.Partitions);
        Assert.Equal(("disarmed", "off", 0), (partition.State, partition.Mode, partition.AlarmZones.Count));
    }

    [Fact]
    public void An_older_gateway_that_does_not_say_it_is_shown_as_before()
    {
        HomeRecord home = Apply(new HomeRecord { Id = "h", Name = "h", Gateway = "g" }, SmaEventKinds.PartitionState, 1, null, null, new PartitionBody { Id = 1, Mode = "away", State = "armed" });
        HomePartition partition = Assert.Single(Apply(home, SmaEventKinds.AlarmRaised, 5, null, null).Partitions);
        Assert.Equal(("alarm", "away"), (partition.State, partition.Mode));
    }

    private static HomeRecord Apply(HomeRecord home, string kind, ulong seconds, string? mode, string? state, MessageBody? body = null)
    {
        DateTimeOffset at = Utc.AddSeconds(seconds);
        var sma = new SmaEvent { Id = $"e{seconds}", Seq = seconds, Time = at, Kind = kind, Code = "131", Partition = 1, Zone = 3, Mode = mode, State = state, Body = body };
        return HomeProjection.Apply(home, new StoredEvent((long)seconds, "g", "e", Utc.AddMinutes(1), sma));
    }
}
