using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Bench.Stun;

/// <summary>The client's data path: wrapping and unwrapping one packet.</summary>
[MemoryDiagnoser]
public class TurnClientBench
{
    private static readonly TransportAddress Server = TransportAddress.Parse("192.0.2.1:3478");
    private static readonly TransportAddress Channel = TransportAddress.Parse("198.51.100.1:5000");
    private static readonly TransportAddress Plain = TransportAddress.Parse("198.51.100.1:5001");

    private readonly TurnClient _client = new(new TurnClientSettings { Server = Server }, RandomNumberGenerator.Create());
    private readonly byte[] _wire = new byte[1500];
    private byte[] _payload = [];
    private byte[] _channelData = [];
    private byte[] _dataIndication = [];

    /// <summary>An audio frame and a video packet.</summary>
    [Params(172, 1200)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var commands = new List<TurnClientCommand>();
        _client.Start(default, commands);
        Answer(commands, default);
        _client.AddChannel(Channel, default, commands);
        Answer(commands, default);
        _payload = new byte[Size];
        _channelData = _wire[.._client.Wrap(Channel, _payload, default, _wire)];
        var writer = new StunWriter(_wire, StunMethod.Data, StunClass.Indication, default);
        writer.AddAddress(StunAttributeType.XorPeerAddress, Plain);
        writer.Add(StunAttributeType.Data, _payload);
        _dataIndication = writer.Written.ToArray();
    }

    [Benchmark]
    public int WrapChannelData() => _client.Wrap(Channel, _payload, default, _wire);

    [Benchmark]
    public int WrapSendIndication() => _client.Wrap(Plain, _payload, default, _wire);

    [Benchmark]
    public bool UnwrapChannelData() => _client.TryUnwrap(_channelData, out _, out _, out _);

    [Benchmark]
    public bool UnwrapDataIndication() => _client.TryUnwrap(_dataIndication, out _, out _, out _);

    private void Answer(List<TurnClientCommand> commands, TimeSpan now)
    {
        _ = StunMessage.TryRead(commands.OfType<TurnClientCommand.Send>().Last().Bytes.Span, out var request, out _);
        var writer = StunWriter.Reply(_wire, request, StunClass.Success);
        writer.AddAddress(StunAttributeType.XorRelayedAddress, Server);
        writer.AddAddress(StunAttributeType.XorMappedAddress, Server);
        writer.AddLifetime(600);
        _client.HandleReceived(writer.Written, now, commands);
    }
}
