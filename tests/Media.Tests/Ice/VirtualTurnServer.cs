using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;
using MediaRelay.Turn;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>The product's own relay engine with UDP and TCP listeners on a virtual host.</summary>
internal sealed class VirtualTurnServer
{
    private const int Port = 3478;
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly VirtualNetwork network;
    private readonly VirtualHost host;
    private readonly RelayEngine engine;
    private readonly TransportAddress address;
    private readonly VirtualSocket listener;
    private readonly Dictionary<int, VirtualStream> streams = [];
    private readonly Dictionary<RelayPort, VirtualSocket> ports = [];
    private readonly List<RelayCommand> commands = [];
    private readonly byte[] reply = new byte[RelayEngine.MaxReply];
    private readonly byte[] buffer = new byte[4096];
    private int nextConnection = 1;
    private TimeSpan? armed;

    public VirtualTurnServer(VirtualNetwork network, string ip = "20.0.9.2")
    {
        this.network = network;
        host = network.AddHost("turn", null, ip);
        listener = host.Open(Port);
        listener.Received = d => FromClient(d.Payload.Span, new FiveTuple(d.Source, 0));
        host.Listen(Port, Accept);
        address = listener.Address.WithPort(0);
        var settings = new RelaySettings
        {
            Listeners = [new RelayListener(listener.Address, ClientTransport.Udp), new RelayListener(listener.Address, ClientTransport.Tcp)],
            RelayAddresses = [new RelayAddress(address, address, new PortRange(50000, 50999))],
            NonceKey = new byte[32],
        };
        var policy = new PeerPolicy { RelayAddresses = [address], Listeners = [listener.Address] };
        var credentials = new RelayCredentials("home", [StaticUser.Create("gateway", "home", "secret")]);
        engine = new RelayEngine(settings, new RelayLimits(), credentials, new PeerFilter(policy), new CountingRandom(77));
    }

    public int Allocations => engine.AllocationCount;

    public int Streams => streams.Count;

    public IceServer Udp => new(listener.Address, RelayTransport.Udp, "gateway", "secret");

    public IceServer Tcp => Udp with { Transport = RelayTransport.Tcp };

    private void Accept(VirtualStream stream)
    {
        var connection = nextConnection++;
        var tuple = new FiveTuple(stream.RemoteAddress, 1, connection);
        var reader = new StunStreamReader();
        streams.Add(connection, stream);
        stream.Received = bytes =>
        {
            bytes.Span.CopyTo(reader.Free.Span);
            reader.Advance(bytes.Length);
            while (reader.TryRead(out _, out var message)) FromClient(message.Span, tuple);
        };
        stream.Closed = () =>
        {
            streams.Remove(connection);
            engine.HandleClientClosed(tuple, network.Now, commands);
            Execute();
        };
    }

    private void FromClient(ReadOnlySpan<byte> message, FiveTuple from)
    {
        if (engine.TryForwardFromClient(message, from, 0, network.Now, out var forward))
        {
            ports[forward.Port].Send(forward.Destination, message.Slice(forward.Offset, forward.Length));
            return;
        }
        var length = engine.HandleRequest(message, from, network.Now, Epoch + network.Now, reply, commands);
        Execute();
        if (length > 0) ToClient(from, reply.AsSpan(0, length));
    }

    private void FromPeer(RelayPort port, VirtualDatagram datagram)
    {
        datagram.Payload.Span.CopyTo(buffer.AsSpan(RelayEngine.Headroom));
        if (!engine.TryForwardFromPeer(port, datagram.Source, buffer, RelayEngine.Headroom, datagram.Payload.Length, 0, network.Now, out var forward)) return;
        ToClient(forward.Client, buffer.AsSpan(forward.Offset, forward.Length));
    }

    private void ToClient(FiveTuple client, ReadOnlySpan<byte> bytes)
    {
        if (client.Connection == 0) listener.Send(client.Client, bytes);
        else if (streams.TryGetValue(client.Connection, out var stream)) stream.Send(bytes);
    }

    private void Execute()
    {
        foreach (var command in commands)
        {
            if (command.Kind == RelayCommandKind.OpenPort)
            {
                var port = command.Port;
                var socket = host.Open(address.ToIPAddress(), port.Port);
                socket.Received = d => FromPeer(port, d);
                ports.Add(port, socket);
            }
            else if (command.Kind == RelayCommandKind.ClosePort && ports.Remove(command.Port, out var closed)) closed.Close();
        }
        commands.Clear();
        Arm();
    }

    private void Arm()
    {
        if (engine.NextDeadline is not { } at || at == armed) return;
        armed = at;
        network.Schedule(at, () =>
        {
            if (armed != at) return;
            armed = null;
            engine.HandleDeadline(network.Now, commands);
            Execute();
        });
    }
}
