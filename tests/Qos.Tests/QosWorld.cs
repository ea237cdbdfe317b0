using System.Collections.Immutable;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests;

/// <summary>Application manager, policy servers and CMTSs joined by wires with latency, in virtual time and one thread.</summary>
internal sealed class QosWorld
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly List<Node> _nodes = [];
    private long _order;
    private int _nextLink = 1;

    public QosWorld(CmtsSettings? cmts = null, PolicyRules? rules = null, ApplicationManagerSettings? manager = null, int cmtsCount = 1, int serverCount = 1, ulong seed = 1, CopsSettings? north = null,
        int maxUndelivered = 10_000)
    {
        MaxUndelivered = maxUndelivered;
        Random = new CountingRandom(seed);
        CmtsSettings settings = cmts ?? Given.Cmts;
        for (int i = 0; i < cmtsCount; i++) Add(new CmtsNode(this, settings));
        for (int i = 0; i < serverCount; i++) Add(new ServerNode(this, rules ?? PolicyRules.Unlimited, cmtsCount, i, north ?? new CopsSettings("policy-server")));
        Manager = Add(new ManagerNode(this, (manager ?? Given.Manager) with { PolicyServers = serverCount }));
    }

    public CountingRandom Random { get; }

    /// <summary>Reports that a policy server keeps for application managers.</summary>
    public int MaxUndelivered { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(1000);

    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(1);

    public ManagerNode Manager { get; }

    public IReadOnlyList<CmtsNode> Cmts => [.. _nodes.OfType<CmtsNode>()];

    public IReadOnlyList<ServerNode> Servers => [.. _nodes.OfType<ServerNode>()];

    /// <summary>Every message that passed a wire, as (from, to, bytes).</summary>
    public List<(Node From, Node To, byte[] Bytes)> Traffic { get; } = [];

    public bool RecordsTraffic { get; set; }

    /// <summary>Starts everything and lets the sessions open.</summary>
    public QosWorld Start()
    {
        foreach (Node node in _nodes) node.Start();
        Run(TimeSpan.FromSeconds(1));
        return this;
    }

    public void Run(TimeSpan time)
    {
        TimeSpan end = Now + time;
        while (true)
        {
            TimeSpan next = _events.TryPeek(out _, out (TimeSpan At, long) first) ? first.At : TimeSpan.MaxValue;
            Node? due = null;
            foreach (Node node in _nodes)
            {
                if (!node.IsUp || node.Deadline is not { } deadline || deadline >= next) continue;
                next = deadline;
                due = node;
            }
            if (next > end) break;
            if (next > Now) Now = next;
            if (due is not null) due.HandleDeadline();
            else _events.Dequeue()();
        }
        Now = end;
    }

    public void After(TimeSpan delay, Action action) => _events.Enqueue(action, (Now + delay, _order++));

    /// <summary>Runs until nothing but timers is left to happen or the time is over.</summary>
    public void Settle() => Run(TimeSpan.FromMilliseconds(200));

    private T Add<T>(T node)
        where T : Node
    {
        _nodes.Add(node);
        return node;
    }

    internal sealed class Wire(Node dialler, int diallerLink, Node listener, int listenerLink)
    {
        public bool IsUp { get; private set; } = true;

        public Node Other(Node node) => node == dialler ? listener : dialler;

        public int LinkAt(Node node) => node == dialler ? diallerLink : listenerLink;

        public void Break()
        {
            if (!IsUp) return;
            IsUp = false;
            dialler.Forget(diallerLink);
            listener.Forget(listenerLink);
        }
    }

    internal abstract class Node(QosWorld world)
    {
        private readonly Dictionary<int, Wire> _wires = [];

        protected QosWorld World { get; } = world;

        public bool IsUp { get; set; } = true;

        public abstract TimeSpan? Deadline { get; }

        public IReadOnlyCollection<Wire> Wires => [.. _wires.Values];

        public abstract void Start();

        public abstract void HandleDeadline();

        public abstract void Received(int link, byte[] bytes);

        public abstract void Accepted(int link);

        public abstract void Connected(int link);

        public abstract void ConnectFailed(int link);

        protected abstract void Closed(int link);

        protected abstract byte[] TakeOutput(int link);

        /// <summary>Transport loss, seen at this end now.</summary>
        public void Forget(int link)
        {
            if (_wires.Remove(link) && IsUp) Closed(link);
        }

        /// <summary>All connections of this node break.</summary>
        public void Cut()
        {
            foreach (Wire wire in Wires) wire.Break();
        }

        protected void Dial(Node target, int link)
        {
            int accepted = World._nextLink++;
            World.After(World.Latency, () =>
            {
                if (!IsUp) return;
                if (!target.IsUp)
                {
                    ConnectFailed(link);
                    return;
                }
                var wire = new Wire(this, link, target, accepted);
                _wires[link] = wire;
                target._wires[accepted] = wire;
                Connected(link);
                target.Accepted(accepted);
            });
        }

        protected void Send(int link)
        {
            byte[] bytes = TakeOutput(link);
            if (bytes.Length == 0 || !_wires.TryGetValue(link, out Wire? wire)) return;
            Node other = wire.Other(this);
            if (World.RecordsTraffic) World.Traffic.Add((this, other, bytes));
            World.After(World.Latency, () =>
            {
                if (wire.IsUp && other.IsUp) other.Received(wire.LinkAt(other), bytes);
            });
        }

        protected void CloseAfterSending(int link)
        {
            Send(link);
            if (_wires.TryGetValue(link, out Wire? wire)) World.After(World.Latency, wire.Break);
        }

        protected void ForgetWires() => _wires.Clear();
    }

    internal sealed class CmtsNode(QosWorld world, CmtsSettings settings) : Node(world)
    {
        private readonly List<LinkCommand> _commands = [];

        public CmtsEmulator Engine { get; private set; } = new(settings, world.Random);

        public override TimeSpan? Deadline => Engine.NextDeadline;

        public override void Start()
        {
        }

        public override void HandleDeadline() => Do(e => e.HandleDeadline(World.Now, _commands));

        public override void Received(int link, byte[] bytes) => Do(e => e.HandleReceived(link, bytes, World.Now, _commands));

        public override void Accepted(int link) => Do(e => e.HandleAccepted(link, "192.0.2.1", World.Now, _commands));

        public override void Connected(int link) => throw new InvalidOperationException();

        public override void ConnectFailed(int link) => throw new InvalidOperationException();

        public void Do(Action<CmtsEmulator> action)
        {
            action(Engine);
            Carry();
        }

        /// <summary>An action that appends link commands.</summary>
        public void Do(Action<CmtsEmulator, List<LinkCommand>> action) => Do(e => action(e, _commands));

        public void Reboot()
        {
            Do((e, commands) => e.Reboot(commands));
            Cut();
        }

        protected override void Closed(int link) => Engine.HandleClosed(link);

        protected override byte[] TakeOutput(int link)
        {
            byte[] bytes = Engine.PendingOutput(link).ToArray();
            Engine.ConsumeOutput(link, bytes.Length);
            return bytes;
        }

        private void Carry()
        {
            for (int i = 0; i < _commands.Count; i++)
            {
                LinkCommand command = _commands[i];
                if (command.Action == LinkAction.Close) CloseAfterSending(command.Link);
                else Send(command.Link);
                if (command.Action == LinkAction.Send) Engine.HandleWritable(command.Link, World.Now, _commands);
            }
            _commands.Clear();
        }
    }

    internal sealed class ServerNode(QosWorld world, PolicyRules rules, int cmtsCount, int place, CopsSettings north) : Node(world)
    {
        private readonly List<LinkCommand> _commands = [];

        public PolicyServer Engine { get; private set; } = Create(world, rules, cmtsCount, place, north);

        public override TimeSpan? Deadline => Engine.NextDeadline;

        public override void Start()
        {
            Engine.HandleWallClock(new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero), World.Now);
            Engine.Start(World.Now, _commands);
            Carry();
        }

        /// <summary>The process dies and is at once there again without memory.</summary>
        public void Restart()
        {
            IsUp = false;
            Cut();
            ForgetWires();
            Engine = Create(World, rules, cmtsCount, place, north);
            IsUp = true;
            Start();
        }

        public override void HandleDeadline() => Do(e => e.HandleDeadline(World.Now, _commands));

        public override void Received(int link, byte[] bytes) => Do(e => e.HandleReceived(link, bytes, World.Now, _commands));

        public override void Accepted(int link) => Do(e => e.HandleAccepted(link, "192.0.2.2", World.Now, _commands));

        public override void Connected(int link) => Do(e => e.HandleConnected(link, World.Now));

        public override void ConnectFailed(int link) => Do(e => e.HandleConnectFailed(link, World.Now));

        public void Do(Action<PolicyServer> action)
        {
            action(Engine);
            Carry();
        }

        protected override void Closed(int link) => Do(e => e.HandleClosed(link, World.Now, _commands));

        protected override byte[] TakeOutput(int link)
        {
            byte[] bytes = Engine.PendingOutput(link).ToArray();
            Engine.ConsumeOutput(link, bytes.Length);
            return bytes;
        }

        private static PolicyServer Create(QosWorld world, PolicyRules rules, int cmtsCount, int place, CopsSettings north)
        {
            var routes = new List<(SubscriberPrefix, int)>();
            for (int i = 0; i < cmtsCount; i++) routes.Add((Given.Prefix($"10.{i + 1}.0.0/16"), i));
            return new PolicyServer(new PolicyServerSettings(new Psid((uint)(77 + place)), routes) { CmtsCount = cmtsCount, ElementId = 4242, North = north, MaxUndelivered = world.MaxUndelivered }, rules, world.Random);
        }

        private void Carry()
        {
            for (int i = 0; i < _commands.Count; i++)
            {
                LinkCommand command = _commands[i];
                if (command.Action == LinkAction.Connect) Dial(World.Cmts[-1 - command.Link], command.Link);
                else if (command.Action == LinkAction.Close) CloseAfterSending(command.Link);
                else Send(command.Link);
            }
            _commands.Clear();
        }
    }

    internal sealed class ManagerNode(QosWorld world, ApplicationManagerSettings settings) : Node(world)
    {
        private readonly List<ManagerCommand> _commands = [];

        public ApplicationManager Engine { get; private set; } = new(settings, [], world.Random);

        /// <summary>What a disk would hold.</summary>
        public Dictionary<ulong, GateJournalEntry> Journal { get; } = [];

        public List<GateEvent> Events { get; } = [];

        public override TimeSpan? Deadline => Engine.NextDeadline;

        public override void Start() => Do(e => e.Start(World.Now, _commands));

        /// <summary>The process dies; a new one begins with the journal.</summary>
        public void Restart()
        {
            IsUp = false;
            Cut();
            ForgetWires();
            Engine = new ApplicationManager(settings, [.. Journal.Values], World.Random);
            IsUp = true;
            Start();
        }

        public IReadOnlyList<GateHandle> Request(string session, params GateRequest[] requests)
        {
            IReadOnlyList<GateHandle> handles = [];
            Do(e => handles = e.RequestGates(session, requests, World.Now, _commands));
            return handles;
        }

        public void Modify(GateHandle gate, GateRequest request) => Do(e => e.ModifyGate(gate, request, World.Now, _commands));

        public void Refresh(GateHandle gate) => Do(e => e.RefreshGate(gate, World.Now, _commands));

        public void Release(string session) => Do(e => e.ReleaseGates(session, World.Now, _commands));

        public GateEvent? Last(GateHandle gate) => Events.LastOrDefault(e => e.Gate == gate);

        public override void HandleDeadline() => Do(e => e.HandleDeadline(World.Now, _commands));

        public override void Received(int link, byte[] bytes) => Do(e => e.HandleReceived(bytes, World.Now, _commands));

        public override void Accepted(int link) => throw new InvalidOperationException();

        public override void Connected(int link) => Do(e => e.HandleConnected(World.Now));

        public override void ConnectFailed(int link) => Do(e => e.HandleConnectFailed(World.Now));

        public void Do(Action<ApplicationManager> action)
        {
            action(Engine);
            foreach (ManagerCommand command in _commands.ToArray())
            {
                switch (command)
                {
                    case ManagerCommand.Write write: Journal[write.Entry.Handle.Value] = write.Entry; break;
                    case ManagerCommand.Remove remove: Journal.Remove(remove.Handle.Value); break;
                    case ManagerCommand.Notify notify: Events.Add(notify.Event); break;
                    case ManagerCommand.Connect connect: Dial(World.Servers[connect.PolicyServer], 0); break;
                    case ManagerCommand.Close: CloseAfterSending(0); break;
                }
            }
            _commands.Clear();
            Send(0);
        }

        protected override void Closed(int link) => Do(e => e.HandleClosed(World.Now, _commands));

        protected override byte[] TakeOutput(int link)
        {
            byte[] bytes = Engine.PendingOutput.ToArray();
            Engine.ConsumeOutput(bytes.Length);
            return bytes;
        }
    }
}
