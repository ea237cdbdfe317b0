using System.Text;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>The shell of an <see cref="IceAgent"/> in virtual time: sockets, streams, timer, and signalling to a peer as text.</summary>
internal sealed class VirtualAgent
{
    private readonly VirtualNetwork network;
    private readonly VirtualHost host;
    private readonly List<IceCommand> commands = [];
    private readonly Dictionary<int, VirtualStream> streams = [];
    private readonly List<VirtualSocket> sockets = [];
    private readonly byte[] buffer = new byte[2048];
    private TimeSpan? armed;

    public VirtualAgent(VirtualNetwork network, VirtualHost host, IceConfiguration configuration, ulong seed)
    {
        this.network = network;
        this.host = host;
        Agent = new IceAgent(configuration, new CountingRandom(seed));
    }

    public IceAgent Agent { get; }

    public VirtualHost Host => host;

    public VirtualAgent? Peer { get; set; }

    public TimeSpan SignallingDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>False withholds candidates from the peer.</summary>
    public bool Trickles { get; set; } = true;

    public List<(TimeSpan At, IceState State)> States { get; } = [];

    public List<(TimeSpan At, CandidatePairSnapshot Pair)> Selected { get; } = [];

    public List<string> Candidates { get; } = [];

    public List<string> Data { get; } = [];

    public List<(VirtualDatagram Datagram, TimeSpan At)> SentStun { get; } = [];

    public bool GatheringEnded { get; private set; }

    public TimeSpan? FirstUsable => States.Where(s => s.State is IceState.Connected or IceState.Completed).Select(s => (TimeSpan?)s.At).FirstOrDefault();

    public TimeSpan? TimeOf(IceState state) => States.Where(s => s.State == state).Select(s => (TimeSpan?)s.At).FirstOrDefault();

    public IReadOnlyList<VirtualSocket> Sockets => sockets;

    public void Start()
    {
        foreach (var address in host.Addresses)
        {
            var id = sockets.Count;
            var socket = host.Open(address);
            socket.Received = d => Receive(id, d);
            sockets.Add(socket);
        }
        Act((now, list) => Agent.Start([.. sockets.Select((s, i) => new LocalSocket(i, s.Address))], now, list));
    }

    /// <summary>Gives the peer this agent's credentials after the signalling delay.</summary>
    public void Describe(Action? then = null)
    {
        var credentials = Agent.LocalCredentials;
        var isLite = Agent.Mode == IceMode.Lite;
        Signal(() =>
        {
            Peer!.Act((now, list) => Assert.True(Peer.Agent.HandleRemoteDescription(credentials, isLite, now, list)));
            then?.Invoke();
        });
    }

    /// <summary>Every stream ends as if the server had closed it.</summary>
    public void BreakStreams()
    {
        foreach (var (id, stream) in streams.ToArray())
        {
            streams.Remove(id);
            stream.Close();
            Act((now, list) => Agent.HandleStreamClosed(id, now, list));
        }
    }

    public void Act(Action<TimeSpan, List<IceCommand>> input)
    {
        input(network.Now, commands);
        Execute();
    }

    public bool Send(string text)
    {
        var length = Encoding.ASCII.GetBytes(text, buffer.AsSpan(IceAgent.Headroom));
        if (!Agent.TrySend(buffer, IceAgent.Headroom, length, network.Now, out var route)) return false;
        var bytes = buffer.AsSpan(route.Offset, route.Length);
        if (route.IsStream) streams[route.StreamId].Send(bytes);
        else sockets[route.SocketId].Send(route.To, bytes);
        return true;
    }

    public void Receive(int id, VirtualDatagram datagram)
    {
        switch (Agent.TryReceive(id, datagram.Source, datagram.Payload.Span, network.Now, out var data))
        {
            case IceVerdict.Control:
                Act((now, list) => Agent.HandleDatagram(id, datagram.Source, datagram.Payload.Span, now, list));
                break;
            case IceVerdict.Data:
                Data.Add(Encoding.ASCII.GetString(data));
                break;
        }
    }

    private void Execute()
    {
        // Executing may not add to the list: the network only schedules.
        foreach (var command in commands) Execute(command);
        commands.Clear();
        Arm();
    }

    private void Execute(IceCommand command)
    {
        switch (command)
        {
            case IceCommand.SendDatagram send:
                SentStun.Add((new VirtualDatagram(sockets[send.SocketId].Address, send.To, send.Bytes), network.Now));
                sockets[send.SocketId].Send(send.To, send.Bytes.Span);
                break;
            case IceCommand.OpenStream open:
                Dial(open);
                break;
            case IceCommand.SendStream send:
                if (streams.TryGetValue(send.StreamId, out var stream)) stream.Send(send.Bytes.Span);
                break;
            case IceCommand.CloseStream close:
                if (streams.Remove(close.StreamId, out var ended)) ended.Close();
                break;
            case IceCommand.CandidateFound found:
                Tell(found.Candidate.ToString());
                break;
            case IceCommand.GatheringCompleted:
                GatheringEnded = true;
                if (Trickles) Signal(() => Peer?.Act((now, list) => Peer.Agent.HandleRemoteEndOfCandidates(now, list)));
                break;
            case IceCommand.StateChanged changed:
                States.Add((network.Now, changed.State));
                break;
            case IceCommand.PairSelected selected:
                Selected.Add((network.Now, selected.Pair));
                break;
        }
    }

    private void Tell(string line)
    {
        Candidates.Add(line);
        if (Trickles) Signal(() => Peer?.Hear(line));
    }

    public void Hear(string line)
    {
        Assert.True(Candidate.TryRead(line, out var candidate, out var error), $"{line}: {error}");
        Act((now, list) => Agent.HandleRemoteCandidate(candidate!, now, list));
    }

    private void Signal(Action action) => network.Schedule(network.Now + SignallingDelay, action);

    private void Dial(IceCommand.OpenStream open)
    {
        var stream = host.Connect(open.Server.Address);
        streams[open.StreamId] = stream;
        stream.Opened = () => Act((now, list) => Agent.HandleStreamOpened(open.StreamId, now, list));
        stream.Closed = () => Act((now, list) => Agent.HandleStreamClosed(open.StreamId, now, list));
        stream.Received = bytes => Act((now, list) =>
        {
            Agent.HandleStreamBytes(open.StreamId, bytes.Span, now, list);
            while (Agent.TryReadStream(open.StreamId, now, list, out var data)) Data.Add(Encoding.ASCII.GetString(data));
        });
    }

    private void Arm()
    {
        if (Agent.NextDeadline is not { } at || at == armed) return;
        armed = at;
        network.Schedule(at, () =>
        {
            if (armed != at) return;
            armed = null;
            Act((now, list) => Agent.HandleDeadline(now, list));
        });
    }
}
