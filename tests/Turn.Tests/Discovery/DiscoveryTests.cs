using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Discovery;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Discovery;

/// <summary>RFC 5780 section 6.</summary>
public sealed class DiscoveryTests
{
    private static readonly TransportAddress Primary = TransportAddress.Parse("20.0.0.5:3478");
    private static readonly TransportAddress Alternate = TransportAddress.Parse("20.0.0.6:3479");
    private static readonly TransportAddress From = TransportAddress.Parse("192.0.2.1:5555");

    private readonly byte[] _reply = new byte[2048];
    private readonly DiscoveryEngine _engine = new(new DiscoverySettings(Primary, Alternate), new CountingRandom());

    /// <summary>Table 1 for each socket a request can arrive on.</summary>
    public static TheoryData<DiscoverySocket, bool, bool, string, string> Table1 => new()
    {
        { DiscoverySocket.PrimaryPrimary, false, false, "20.0.0.5:3478", "20.0.0.6:3479" },
        { DiscoverySocket.PrimaryPrimary, true, false, "20.0.0.6:3478", "20.0.0.6:3479" },
        { DiscoverySocket.PrimaryPrimary, false, true, "20.0.0.5:3479", "20.0.0.6:3479" },
        { DiscoverySocket.PrimaryPrimary, true, true, "20.0.0.6:3479", "20.0.0.6:3479" },
        { DiscoverySocket.AlternatePrimary, false, false, "20.0.0.6:3478", "20.0.0.5:3479" },
        { DiscoverySocket.AlternatePrimary, true, true, "20.0.0.5:3479", "20.0.0.5:3479" },
        { DiscoverySocket.AlternateAlternate, true, false, "20.0.0.5:3479", "20.0.0.5:3478" },
        { DiscoverySocket.PrimaryAlternate, false, true, "20.0.0.5:3478", "20.0.0.6:3478" },
    };

    [Theory]
    [MemberData(nameof(Table1))]
    public void Section_6_1_flags_choose_the_source(DiscoverySocket on, bool changeIp, bool changePort, string origin, string other)
    {
        var (reply, answer) = Ask(_engine, (ref StunWriter w) => w.AddChangeRequest(changeIp, changePort), on);
        Assert.Equal(0, answer.Code);
        Assert.Equal(From, reply.Destination);
        Assert.Equal(From, answer.Address(StunAttributeType.MappedAddress));
        Assert.Equal(From, answer.Address(StunAttributeType.XorMappedAddress));
        Assert.Equal(TransportAddress.Parse(origin), answer.Address(StunAttributeType.ResponseOrigin));
        Assert.Equal(TransportAddress.Parse(other), answer.Address(StunAttributeType.OtherAddress));
        Assert.Equal(TransportAddress.Parse(origin), new DiscoverySettings(Primary, Alternate).AddressOf(reply.Source));
    }

    [Fact]
    public void Section_6_1_without_second_address_CHANGE_REQUEST_gets_420_and_OTHER_ADDRESS_is_absent()
    {
        var engine = new DiscoveryEngine(new DiscoverySettings(Primary), new CountingRandom());
        Assert.Equal(420, Ask(engine, (ref StunWriter w) => w.AddChangeRequest(true, false)).Answer.Code);
        var plain = Ask(engine, null).Answer;
        Assert.Equal(0, plain.Code);
        Assert.False(plain.Has(StunAttributeType.OtherAddress));
    }

    [Fact]
    public void Section_7_5_RESPONSE_PORT_sends_the_answer_there_but_not_to_well_known_ports()
    {
        var (reply, answer) = Ask(_engine, (ref StunWriter w) => w.AddUInt32(StunAttributeType.ResponsePort, 6000u << 16));
        Assert.Equal(0, answer.Code);
        Assert.Equal(From.WithPort(6000), reply.Destination);
        Assert.Equal(From, answer.Address(StunAttributeType.XorMappedAddress));
        Assert.Equal(400, Ask(_engine, (ref StunWriter w) => w.AddUInt32(StunAttributeType.ResponsePort, 53u << 16)).Answer.Code);
    }

    [Fact]
    public void Section_6_1_PADDING_is_returned_but_never_together_with_RESPONSE_PORT()
    {
        var padded = Ask(_engine, (ref StunWriter w) => w.Add(StunAttributeType.Padding, new byte[1200])).Answer;
        Assert.Equal(1200, padded.Text(StunAttributeType.Padding).Length);
        Assert.Equal(400, Ask(_engine, (ref StunWriter w) =>
        {
            w.Add(StunAttributeType.Padding, new byte[100]);
            w.AddUInt32(StunAttributeType.ResponsePort, 6000u << 16);
        }).Answer.Code);
    }

    [Fact]
    public void One_source_gets_a_limited_number_of_answers()
    {
        var answered = Enumerable.Range(0, 1000).Count(_ => Ask(_engine, null).Reply.Length > 0);
        Assert.Equal(40, answered);
        Assert.Equal(960, _engine.Withheld);
    }

    [Fact]
    public void Relay_listeners_refuse_all_of_it_with_420()
    {
        var scene = new Scene();
        var client = scene.Client();
        var request = client.Plain(StunMethod.Binding, (ref StunWriter w) => w.AddChangeRequest(true, true));
        Assert.Equal(420, scene.Send(request, client.Path).Code);
    }

    private (DiscoveryReply Reply, Answer Answer) Ask(DiscoveryEngine engine, Fill? fill, DiscoverySocket on = DiscoverySocket.PrimaryPrimary)
    {
        var buffer = new byte[1500];
        var writer = new StunWriter(buffer, StunMethod.Binding, StunClass.Request, TransactionId.FromBytes(new byte[12]));
        fill?.Invoke(ref writer);
        var reply = engine.HandleRequest(buffer.AsSpan(0, writer.Length), From, on, TimeSpan.FromSeconds(1), _reply);
        return (reply, new Answer(_reply[..reply.Length]));
    }
}
