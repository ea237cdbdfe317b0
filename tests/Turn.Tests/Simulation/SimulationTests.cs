using MediaRelay.Stun;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Simulation;

/// <summary>
/// Random histories against the model: requests, replays, data, time steps, revocation. A failing seed is printed in the message and
/// becomes a row here.
/// </summary>
public sealed class SimulationTests
{
    private const int Paths = 12;
    private const int Steps = 1500;

    private static readonly TransportAddress[] Peers =
    [
        .. Enumerable.Range(1, 8).Select(i => TransportAddress.V4(0x3301_0000u + (uint)(i % 5), (ushort)(7000 + i))),
        TransportAddress.Parse("[2a00:2::5]:7000"),
        TransportAddress.Parse("[2a00:2::6]:7001"),
    ];

    private static readonly TransportAddress[] Forbidden =
    [
        TransportAddress.Parse("127.0.0.1:80"), TransportAddress.Parse("10.0.0.1:80"), TransportAddress.Parse("[::1]:80"),
        TransportAddress.Parse("[::ffff:8.8.8.8]:80"), TransportAddress.Parse("169.254.169.254:80"), Scene.ServerV4, Scene.ServerV6,
    ];

    [Fact]
    public void Random_histories_agree_with_the_model()
    {
        var bound = System.Diagnostics.Stopwatch.StartNew();
        var done = 0;
        for (var seed = 1; seed <= 150 && bound.Elapsed < TimeSpan.FromSeconds(8); seed++, done++)
        {
            new History(seed).Run();
        }

        Assert.True(done >= 3, $"only {done} seeds in eight seconds");
    }

    private sealed class History
    {
        private readonly Random _random;
        private readonly int _seed;
        private readonly Scene _scene;
        private readonly TestClient[] _clients = new TestClient[Paths];
        private readonly Model[] _models = new Model[Paths];
        private readonly RelayPort[] _ports = new RelayPort[Paths];
        private readonly List<(int Path, byte[] Request)> _sent = [];
        private readonly HashSet<RelayPort> _open = [];
        private readonly HashSet<(FiveTuple, ushort)> _entries = [];

        public History(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _scene = new Scene(
                limits: l => l with { AllocationsPerUser = 100, AllocationsPerSubscriber = 100, AllocationBitRate = 0, SubscriberBitRate = 0, AnswersPerSource = 1_000_000, AnswersPerSourceBurst = 1_000_000, AnswersPerNode = 10_000_000 },
                seed: (ulong)seed);
            for (var i = 0; i < Paths; i++)
            {
                _clients[i] = _scene.Client(address: $"192.0.2.{i + 1}:{4000 + i}");
                _models[i] = new Model();
            }
        }

        public void Run()
        {
            for (var step = 0; step < Steps; step++)
            {
                var path = _random.Next(Paths);
                Step(path);
                Follow();
                Probe(_random.Next(Paths));
            }

            // Everything ends by itself: nothing may be left.
            Advance(TimeSpan.FromHours(2));
            Check(_scene.Engine.AllocationCount == 0 && _scene.Engine.UserCount == 0 && _open.Count == 0 && _entries.Count == 0, "all that lives ends");
        }

        private void Step(int path)
        {
            var client = _clients[path];
            var model = _models[path];
            var now = _scene.Now;
            switch (_random.Next(14))
            {
                case 0 or 1:
                    Allocate(path);
                    break;
                case 2:
                    var seconds = _random.Next(4) == 0 ? 0u : (uint)_random.Next(1, 4000);
                    Expect(model.IsAlive ? 0 : 437, client.Refresh(seconds).Code, "Refresh");
                    if (model.IsAlive && seconds == 0)
                    {
                        model.End();
                    }
                    else if (model.IsAlive)
                    {
                        model.Refresh(now + TimeSpan.FromSeconds(Math.Clamp(seconds, 600, 3600)));
                    }

                    break;
                case 3 or 4:
                    Permit(path);
                    break;
                case 5 or 6 or 7:
                    Bind(path);
                    break;
                case 8:
                    Advance(TimeSpan.FromMilliseconds(_random.Next(1, 120_000)));
                    break;
                case 9:
                    Advance(TimeSpan.FromMilliseconds(_random.Next(1, 700)));
                    break;
                case 10 when _sent.Count > 0:
                    Replay();
                    break;
                case 11 when model.IsAlive && _random.Next(4) == 0:
                    var id = _scene.Engine.Snapshot(now).Single(s => s.Client == client.Path).Id;
                    _scene.Commands.Clear();
                    Check(_scene.Engine.Revoke(id, now, _scene.Commands), "Revoke");
                    model.End();
                    break;
                case 12:
                    var forbidden = Forbidden[_random.Next(Forbidden.Length)];
                    var code = client.Bind(0x4010, forbidden).Code;
                    Check(code is 403 or 437 or 443, "Bind to a forbidden peer");
                    Check(client.SendIndication(forbidden, [1]) is null, "Send to a forbidden peer");
                    break;
                default:
                    Advance(TimeSpan.Zero);
                    break;
            }

            if (client.LastRequest.Length > 0)
            {
                _sent.Add((path, client.LastRequest));
            }
        }

        private void Allocate(int path)
        {
            var dual = _random.Next(3) == 0;
            var code = _clients[path].Allocate((ref StunWriter w) =>
            {
                if (dual)
                {
                    w.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                }
            }).Code;
            Expect(_models[path].IsAlive ? 437 : 0, code, "Allocate");
            if (code == 0)
            {
                _models[path].Allocate("alice", dual, _scene.Now + TimeSpan.FromSeconds(600));
                _ports[path] = _clients[path].Port;
            }
        }

        private void Permit(int path)
        {
            var peers = Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Peers[_random.Next(Peers.Length)]).ToArray();
            var model = _models[path];
            var expected = !model.IsAlive ? 437 : peers.Any(p => p.IsV6) && !model.HasV6 ? 443 : 0;
            Expect(expected, _clients[path].Permit(peers).Code, "CreatePermission");
            if (expected == 0)
            {
                foreach (var peer in peers)
                {
                    model.Permissions[Model.Key(peer)] = _scene.Now + TimeSpan.FromSeconds(300);
                }
            }
        }

        private void Bind(int path)
        {
            var number = (ushort)(0x4000 + _random.Next(6));
            var peer = Peers[_random.Next(Peers.Length)];
            var model = _models[path];
            var expected = !model.IsAlive ? 437 : peer.IsV6 && !model.HasV6 ? 443 : model.MayBind(number, peer) ? 0 : 400;
            Expect(expected, _clients[path].Bind(number, peer).Code, "ChannelBind");
            if (expected == 0)
            {
                model.Channels[number] = (peer, _scene.Now + TimeSpan.FromSeconds(600));
                model.Permissions[Model.Key(peer)] = _scene.Now + TimeSpan.FromSeconds(300);
            }
        }

        /// <summary>A duplicate that the network kept for a while. Only those that change nothing beyond what they said.</summary>
        private void Replay()
        {
            var (path, request) = _sent[^1];
            StunMessage.TryRead(request, out var message, out _);
            var model = _models[path];
            if (message.Method is not (StunMethod.Allocate or StunMethod.CreatePermission) || !model.IsAlive)
            {
                return;
            }

            var before = _scene.Engine.AllocationCount;
            var code = _scene.Send(request, _clients[path].Path).Code;
            Check(code is 0 or 437 or 438 or 443, "replay");
            Check(_scene.Engine.AllocationCount == before, "a replay makes no allocation");
            if (code == 0 && message.Method == StunMethod.CreatePermission)
            {
                foreach (var attribute in message)
                {
                    if (attribute.Type == StunAttributeType.XorPeerAddress && message.TryReadAddress(attribute, out var peer))
                    {
                        model.Permissions[Model.Key(peer)] = _scene.Now + TimeSpan.FromSeconds(300);
                    }
                }
            }
        }

        /// <summary>Data in both directions passes exactly when the model says so.</summary>
        private void Probe(int path)
        {
            var model = _models[path];
            var client = _clients[path];
            var peer = Peers[_random.Next(Peers.Length)];
            var reachable = model.Permits(peer) && (peer.IsV4 || model.HasV6);
            Expect(reachable ? 1 : 0, client.SendIndication(peer, [1, 2, 3]) is not null ? 1 : 0, "Send");
            var number = (ushort)(0x4000 + _random.Next(6));
            var sent = client.SendChannelData(number, [1, 2, 3]);
            Expect(model.Passes(number) ? 1 : 0, sent is not null ? 1 : 0, "ChannelData");
            Check(sent is not { } forward || forward.Destination == model.Channels[number].Peer, "ChannelData goes to its peer");
            if (peer.IsV4 && model.IsAlive)
            {
                var received = _scene.FromPeer(_ports[path], peer, [9, 9]);
                Expect(model.Permits(peer) ? 1 : 0, received is not null ? 1 : 0, "datagram from a peer");
                var bound = model.Channels.Where(c => c.Value.Peer == peer).Select(c => (ushort?)c.Key).SingleOrDefault();
                Check(received is null || (bound is { } b ? ((received[0] << 8) | received[1]) == b : received[0] == 0), "the bound channel is used");
            }
        }

        private void Advance(TimeSpan by)
        {
            _scene.Advance(by);
            Follow();
            foreach (var model in _models)
            {
                model.Forget(_scene.Now);
            }

            // The wheel may be one tick late: look again just behind it, until nothing ended within the last tick.
            for (var again = by > TimeSpan.Zero; again;)
            {
                _scene.Advance(TimeSpan.FromMilliseconds(110));
                Follow();
                again = false;
                foreach (var model in _models)
                {
                    again |= model.Forget(_scene.Now);
                }
            }
        }

        /// <summary>Ports and forwarding entries as the commands tell them: each opens once and closes once.</summary>
        private void Follow()
        {
            foreach (var command in _scene.Commands)
            {
                switch (command.Kind)
                {
                    case RelayCommandKind.OpenPort:
                        Check(_open.Add(command.Port), "a port opens once");
                        break;
                    case RelayCommandKind.ClosePort:
                        Check(_open.Remove(command.Port), "a port closes once");
                        break;
                    case RelayCommandKind.ChannelBound:
                        Check(_entries.Add((command.Client, command.Channel)), "an entry begins once");
                        break;
                    case RelayCommandKind.ChannelGone:
                        Check(_entries.Remove((command.Client, command.Channel)), "an entry ends once");
                        break;
                    default:
                        break;
                }
            }

            _scene.Commands.Clear();
        }

        private void Expect(int expected, int actual, string what)
        {
            if (expected != actual)
            {
                Assert.Fail($"seed {_seed} at {_scene.Now}: {what}: expected {expected}, got {actual}");
            }
        }

        private void Check(bool condition, string what)
        {
            if (!condition)
            {
                Assert.Fail($"seed {_seed} at {_scene.Now}: {what}");
            }
        }
    }
}
