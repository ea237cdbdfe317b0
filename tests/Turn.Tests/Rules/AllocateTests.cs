using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>RFC 8656 sections 5, 6 and 7: what an Allocate request gets.</summary>
public sealed class AllocateTests
{
    /// <summary>Section, what the request carries, the code it gets.</summary>
    public static TheoryData<string, int> Requests => new()
    {
        { "7.2 (3) plain UDP", 0 },
        { "7.2 (3) no REQUESTED-TRANSPORT", 400 },
        { "7.2 (3) malformed REQUESTED-TRANSPORT", 400 },
        { "7.2 (3) SCTP", 442 },
        { "7.2 (3) TCP while off", 442 },
        { "7.2 (4) DONT-FRAGMENT", 0 },
        { "7.2 (5) RESERVATION-TOKEN and EVEN-PORT", 400 },
        { "7.2 (5) RESERVATION-TOKEN and REQUESTED-ADDRESS-FAMILY", 400 },
        { "7.2 (5) RESERVATION-TOKEN and ADDITIONAL-ADDRESS-FAMILY", 400 },
        { "7.2 (5) unknown RESERVATION-TOKEN", 508 },
        { "7.2 (5) malformed RESERVATION-TOKEN", 400 },
        { "7.2 (6) both family attributes", 400 },
        { "7.2 (7) IPv6", 0 },
        { "18.6 IPv6 with reserved bits set", 0 },
        { "18.8 REQUESTED-TRANSPORT with RFFU bits set", 0 },
        { "18.7 EVEN-PORT with RFFU bits set", 0 },
        { "7.2 (7) unknown family", 440 },
        { "7.2 (8) EVEN-PORT with R and ADDITIONAL-ADDRESS-FAMILY", 400 },
        { "7.2 (9) ADDITIONAL-ADDRESS-FAMILY IPv4", 400 },
        { "7.2 (9) ADDITIONAL-ADDRESS-FAMILY IPv6", 0 },
        { "5 / RFC 8489 6.3.1 unknown comprehension-required attribute", 420 },
        { "RFC 8489 14 unknown comprehension-optional attribute", 0 },
        { "RFC 8656 18.4 LIFETIME of wrong length", 400 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_gets_its_code(string rule, int code)
    {
        var scene = new Scene();
        var client = scene.Client();
        var answer = client.Request(StunMethod.Allocate, (ref StunWriter w) => Write(rule, ref w));
        Assert.Equal(code, answer.Code);
        Assert.True(answer.Verifies(client.Key));
        Assert.Equal(code == 0 ? 1 : 0, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_7_2_step_1_a_request_without_credentials_gets_401_with_realm_and_nonce()
    {
        var scene = new Scene();
        var answer = scene.Send(scene.Client().Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)), scene.Client().Path);
        Assert.Equal(401, answer.Code);
        Assert.Equal(Scene.Realm, System.Text.Encoding.UTF8.GetString(answer.Text(StunAttributeType.Realm)));
        Assert.Equal("obMatJos2gAAA", System.Text.Encoding.ASCII.GetString(answer.Nonce)[..13]);
        Assert.Equal([0, 2, 0, 0, 0, 1, 0, 0], answer.Text(StunAttributeType.PasswordAlgorithms));
        Assert.False(answer.Read().HasIntegrity);
        Assert.Equal(0, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_7_2_step_2_a_second_allocation_on_the_five_tuple_gets_437()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        Assert.Equal(437, client.Allocate().Code);
        Assert.Equal(437, scene.Client("bob", "builder").Allocate().Code);
        Assert.Equal(1, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_7_2_a_retransmitted_request_gets_the_same_answer_and_no_second_allocation()
    {
        var scene = new Scene();
        var client = scene.Client();
        var first = client.Allocate((ref StunWriter w) => w.AddEvenPort(true));
        var created = scene.Commands.Count(c => c.Kind == RelayCommandKind.OpenPort);
        scene.Now += TimeSpan.FromSeconds(2);
        var second = scene.Send(client.LastRequest, client.Path);
        Assert.Equal(2, created);
        Assert.Empty(scene.Commands);
        Assert.Equal(first.Relayed(IpFamily.V4), second.Relayed(IpFamily.V4));
        Assert.Equal(first.Text(StunAttributeType.ReservationToken), second.Text(StunAttributeType.ReservationToken));
        Assert.Equal(598u, second.Lifetime);
        Assert.Equal(1, scene.Engine.AllocationCount);
    }

    [Fact]
    public void Section_7_2_the_success_answer_carries_relayed_and_mapped_address_and_lifetime()
    {
        var scene = new Scene();
        var client = scene.Client();
        var answer = client.Allocate();
        Assert.Equal(client.Path.Client, answer.Address(StunAttributeType.XorMappedAddress));
        Assert.True(answer.Relayed(IpFamily.V4).HasSameAddress(Scene.ServerV4));
        Assert.Equal(client.Port.Port, answer.Relayed(IpFamily.V4).Port);
        Assert.InRange(answer.Relayed(IpFamily.V4).Port, 50_000, 50_999);
        Assert.Equal(600u, answer.Lifetime);
        Assert.False(answer.Has(StunAttributeType.ReservationToken));
    }

    [Theory]
    [InlineData(null, 600)]
    [InlineData(0u, 600)]
    [InlineData(1u, 600)]
    [InlineData(777u, 777)]
    [InlineData(3600u, 3600)]
    [InlineData(3601u, 3600)]
    [InlineData(uint.MaxValue, 3600)]
    public void Section_7_2_lifetime_is_the_wish_between_default_and_maximum(uint? wish, uint granted)
    {
        var scene = new Scene();
        var answer = scene.Client().Allocate((ref StunWriter w) =>
        {
            if (wish is { } seconds)
            {
                w.AddLifetime(seconds);
            }
        });
        Assert.Equal(granted, answer.Lifetime);
    }

    [Fact]
    public void Section_7_2_the_allocation_lives_as_long_as_the_answer_said()
    {
        var scene = new Scene();
        var client = scene.Allocated();
        scene.Advance(TimeSpan.FromSeconds(599.9));
        Assert.Equal(1, scene.Engine.AllocationCount);
        scene.Advance(TimeSpan.FromSeconds(0.3));
        Assert.Equal(0, scene.Engine.AllocationCount);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePort && c.Port == client.Port);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.AllocationGone && c.Cause == AllocationEnd.Expired);
        Assert.Null(scene.Engine.NextDeadline);
    }

    [Fact]
    public void Section_7_2_EVEN_PORT_gives_an_even_port()
    {
        var scene = new Scene(limits: l => l with { AllocationsPerUser = 100, AllocationsPerSubscriber = 100 });
        for (var i = 0; i < 40; i++)
        {
            var answer = scene.Client(address: $"192.0.2.10:{4000 + i}").Allocate((ref StunWriter w) => w.AddEvenPort(false));
            Assert.Equal(0, answer.Relayed(IpFamily.V4).Port & 1);
            Assert.False(answer.Has(StunAttributeType.ReservationToken));
        }
    }

    [Fact]
    public void Section_7_2_EVEN_PORT_with_R_reserves_the_next_port_for_the_holder_of_the_token_for_30_seconds()
    {
        var scene = new Scene();
        var answer = scene.Client().Allocate((ref StunWriter w) => w.AddEvenPort(true));
        var port = answer.Relayed(IpFamily.V4).Port;
        Assert.Equal(0, port & 1);
        var token = answer.Text(StunAttributeType.ReservationToken);
        scene.Advance(TimeSpan.FromSeconds(29.9));
        var second = scene.Client("bob", "builder", "198.51.100.9:9", Scene.TcpV4, 7).Allocate((ref StunWriter w) => w.Add(StunAttributeType.ReservationToken, token));
        Assert.Equal(0, second.Code);
        Assert.Equal(port + 1, second.Relayed(IpFamily.V4).Port);
        var third = scene.Client("bob", "builder", "198.51.100.9:10").Allocate((ref StunWriter w) => w.Add(StunAttributeType.ReservationToken, token));
        Assert.Equal(508, third.Code);
    }

    [Fact]
    public void Section_7_2_an_unclaimed_reservation_is_released()
    {
        var scene = new Scene();
        var client = scene.Client();
        var token = client.Allocate((ref StunWriter w) => w.AddEvenPort(true)).Text(StunAttributeType.ReservationToken);
        scene.Advance(TimeSpan.FromSeconds(30.2));
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.ClosePort && c.Port.Port == client.Port.Port + 1);
        Assert.Equal(508, scene.Client("bob", "builder", "198.51.100.9:9").Allocate((ref StunWriter w) => w.Add(StunAttributeType.ReservationToken, token)).Code);
    }

    [Fact]
    public void Section_7_2_step_7_without_a_requested_family_the_relayed_address_is_IPv4()
    {
        foreach (var address in (string[])["192.0.2.10:4000", "[2a00:9::1]:4000"])
        {
            var answer = new Scene().Client(address: address, listener: address[0] == '[' ? Scene.UdpV6 : Scene.UdpV4).Allocate();
            Assert.Equal(0, answer.Code);
            Assert.Equal(1, answer.Count(StunAttributeType.XorRelayedAddress));
            Assert.False(answer.Relayed(IpFamily.V4).IsNone);
        }
    }

    [Fact]
    public void Section_7_2_steps_8_and_9_what_cannot_be_satisfied_gets_508()
    {
        var onePort = new Scene(settings: s => s with { RelayAddresses = [s.RelayAddresses[0] with { Ports = new(50_001, 50_001) }, s.RelayAddresses[1] with { Ports = new(50_001, 50_001) }] });
        Assert.Equal(508, onePort.Client().Allocate((ref StunWriter w) => w.AddEvenPort(true)).Code);
        Assert.Equal(508, onePort.Client().Allocate((ref StunWriter w) => w.AddEvenPort(false)).Code);
        Assert.Equal(0, onePort.Engine.AllocationCount);
        var both = onePort.Client();
        Assert.Equal(0, both.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6)).Code);
        var none = onePort.Client(address: "192.0.2.10:4001").Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6));
        Assert.Equal(508, none.Code);
        Assert.Equal(1, onePort.Engine.AllocationCount);
    }

    [Fact]
    public void Section_7_2_step_7_a_family_without_relay_address_gets_440()
    {
        var onlyV6 = new Scene(settings: s => s with { RelayAddresses = [s.RelayAddresses[1]] });
        Assert.Equal(440, onlyV6.Client().Allocate().Code);
        Assert.Equal(0, onlyV6.Client().Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6)).Code);
        var onlyV4 = new Scene(settings: s => s with { RelayAddresses = [s.RelayAddresses[0]] });
        Assert.Equal(440, onlyV4.Client().Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6)).Code);
    }

    [Theory]
    [InlineData(StunAttributeType.AdditionalAddressFamily)]
    [InlineData((StunAttributeType)0x8032)]
    public void Section_7_2_step_9_a_dual_allocation_has_two_relayed_addresses(StunAttributeType type)
    {
        var scene = new Scene();
        var answer = scene.Client().Allocate((ref StunWriter w) => w.AddFamily(type, IpFamily.V6));
        Assert.Equal(0, answer.Code);
        Assert.Equal(2, answer.Count(StunAttributeType.XorRelayedAddress));
        Assert.False(answer.Relayed(IpFamily.V4).IsNone || answer.Relayed(IpFamily.V6).IsNone);
        Assert.Equal(2, scene.Commands.Count(c => c.Kind == RelayCommandKind.OpenPort));
    }

    [Fact]
    public void Section_7_2_step_9_a_partly_served_dual_request_tells_which_family_failed_and_why()
    {
        var scene = new Scene(settings: s => s with { RelayAddresses = [s.RelayAddresses[0]] });
        var client = scene.Client();
        var answer = client.Allocate((ref StunWriter w) => w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6));
        Assert.Equal(0, answer.Code);
        Assert.True(answer.Read().TryGetAddressError(out var family, out var code));
        Assert.Equal((IpFamily.V6, StunErrorCode.AddressFamilyNotSupported), (family, code));
        Assert.True(scene.Send(client.LastRequest, client.Path).Has(StunAttributeType.AddressErrorCode));
    }

    [Fact]
    public void Section_7_2_step_4_without_DF_support_DONT_FRAGMENT_is_an_unknown_attribute()
    {
        var scene = new Scene(settings: s => s with { SupportsDontFragment = false });
        var answer = scene.Client().Allocate((ref StunWriter w) => w.Add(StunAttributeType.DontFragment, []));
        Assert.Equal(420, answer.Code);
        Assert.Equal([0x00, 0x1A], answer.Text(StunAttributeType.UnknownAttributes));
    }

    [Fact]
    public void Section_6_relayed_addresses_are_unique_and_unpredictable()
    {
        var scene = new Scene(limits: l => l with { AllocationsPerUser = 1000, AllocationsPerSubscriber = 1000 });
        var ports = new List<int>();
        for (var i = 0; i < 500; i++)
        {
            ports.Add(scene.Client(address: $"192.0.{i / 100}.10:{4000 + i}").Allocate().Relayed(IpFamily.V4).Port);
        }

        Assert.Equal(500, ports.Distinct().Count());
        var steps = ports.Zip(ports.Skip(1), (a, b) => b - a).GroupBy(d => d).Max(g => g.Count());
        Assert.True(steps < 12, $"a step between ports occurred {steps} times");
    }

    [Fact]
    public void A_range_without_free_port_gives_508_and_rests_used_ports_30_seconds()
    {
        var scene = new Scene(settings: s => s with { RelayAddresses = [s.RelayAddresses[0] with { Ports = new(50_000, 50_001) }] });
        var first = scene.Allocated(address: "192.0.2.10:1");
        scene.Allocated(address: "192.0.2.10:2");
        Assert.Equal(508, scene.Client(address: "192.0.2.10:3").Allocate().Code);
        Assert.Equal(0, first.Refresh(0).Code);
        Assert.Equal(508, scene.Client(address: "192.0.2.10:3").Allocate().Code);
        scene.Advance(TimeSpan.FromSeconds(30));
        var third = scene.Client(address: "192.0.2.10:3");
        Assert.Equal(0, third.Allocate().Code);
        Assert.Equal(first.Port, third.Port);
    }

    [Fact]
    public void A_port_that_cannot_be_opened_is_replaced_and_in_the_end_refused()
    {
        var scene = new Scene();
        var client = scene.Client();
        client.Allocate();
        var failed = client.Port;
        var reply = new byte[RelayEngine.MaxReply];
        for (var i = 0; i < 3; i++)
        {
            scene.Commands.Clear();
            var length = scene.Engine.HandlePortFailed(failed, client.LastRequest, client.Path, scene.Now, scene.Utc, reply, scene.Commands);
            var answer = new Answer(reply[..length]);
            Assert.Equal(0, answer.Code);
            Assert.True(answer.Verifies(client.Key));
            Assert.NotEqual(failed.Port, answer.Relayed(IpFamily.V4).Port);
            failed = scene.Commands.Single(c => c.Kind == RelayCommandKind.OpenPort).Port;
        }

        scene.Commands.Clear();
        var last = scene.Engine.HandlePortFailed(failed, client.LastRequest, client.Path, scene.Now, scene.Utc, reply, scene.Commands);
        Assert.Equal(508, new Answer(reply[..last]).Code);
        Assert.Equal(0, scene.Engine.AllocationCount);
        Assert.Contains(scene.Commands, c => c.Kind == RelayCommandKind.AllocationGone && c.Cause == AllocationEnd.PortFailed);
    }

    private static void Write(string rule, ref StunWriter w)
    {
        if (!rule.Contains("REQUESTED-TRANSPORT", StringComparison.Ordinal))
        {
            w.AddRequestedTransport(rule.EndsWith("SCTP", StringComparison.Ordinal) ? (byte)132 : rule.EndsWith("TCP while off", StringComparison.Ordinal) ? (byte)6 : (byte)17);
        }

        switch (rule[(rule.IndexOf(')', StringComparison.Ordinal) + 1)..].Trim())
        {
            case "malformed REQUESTED-TRANSPORT":
                w.Add(StunAttributeType.RequestedTransport, [17]);
                break;
            case "DONT-FRAGMENT":
                w.Add(StunAttributeType.DontFragment, []);
                break;
            case "RESERVATION-TOKEN and EVEN-PORT":
                w.AddUInt64(StunAttributeType.ReservationToken, 1);
                w.AddEvenPort(false);
                break;
            case "RESERVATION-TOKEN and REQUESTED-ADDRESS-FAMILY":
                w.AddUInt64(StunAttributeType.ReservationToken, 1);
                w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V4);
                break;
            case "RESERVATION-TOKEN and ADDITIONAL-ADDRESS-FAMILY":
                w.AddUInt64(StunAttributeType.ReservationToken, 1);
                w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                break;
            case "unknown RESERVATION-TOKEN":
                w.AddUInt64(StunAttributeType.ReservationToken, 1);
                break;
            case "malformed RESERVATION-TOKEN":
                w.AddUInt32(StunAttributeType.ReservationToken, 1);
                break;
            case "both family attributes":
                w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V4);
                w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                break;
            case "18.6 IPv6 with reserved bits set":
                w.AddUInt32(StunAttributeType.RequestedAddressFamily, 0x02FF_FFFF);
                break;
            case "18.8 REQUESTED-TRANSPORT with RFFU bits set":
                w.AddUInt32(StunAttributeType.RequestedTransport, 0x11FF_FFFF);
                break;
            case "18.7 EVEN-PORT with RFFU bits set":
                w.Add(StunAttributeType.EvenPort, [0x7F]);
                break;
            case "IPv6":
                w.AddFamily(StunAttributeType.RequestedAddressFamily, IpFamily.V6);
                break;
            case "unknown family":
                w.AddUInt32(StunAttributeType.RequestedAddressFamily, 0x0300_0000);
                break;
            case "EVEN-PORT with R and ADDITIONAL-ADDRESS-FAMILY":
                w.AddEvenPort(true);
                w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                break;
            case "ADDITIONAL-ADDRESS-FAMILY IPv4":
                w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V4);
                break;
            case "ADDITIONAL-ADDRESS-FAMILY IPv6":
                w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                break;
            default:
                WriteMore(rule, ref w);
                break;
        }
    }

    private static void WriteMore(string rule, ref StunWriter w)
    {
        if (rule.Contains("comprehension-required", StringComparison.Ordinal))
        {
            w.AddUInt32((StunAttributeType)0x0077, 1);
        }
        else if (rule.Contains("comprehension-optional", StringComparison.Ordinal))
        {
            w.AddUInt32((StunAttributeType)0xF077, 1);
        }
        else if (rule.Contains("LIFETIME", StringComparison.Ordinal))
        {
            w.Add(StunAttributeType.Lifetime, [1, 2]);
        }
    }
}
