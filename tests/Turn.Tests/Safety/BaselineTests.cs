using System.Globalization;
using MediaRelay.Stun;
using MediaRelay.Turn.Tests.Scenes;

namespace MediaRelay.Turn.Tests.Safety;

/// <summary>perf/Baselines/turn.csv: how many bytes one call may allocate.</summary>
public sealed class BaselineTests
{
    private const int Rounds = 200;

    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var line in File.ReadLines(Find()).Skip(1).Where(l => l.Length > 0))
            {
                var parts = line.Split(',');
                data.Add(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture));
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_call_allocates_at_most_its_baseline(string name, int bytes)
    {
        var scene = new Scene(limits: l => l with { AllocationBitRate = 0, SubscriberBitRate = 0, AnswersPerSource = 10_000_000, AnswersPerSourceBurst = 10_000_000, AnswersPerNode = 100_000_000, FailuresPerSecond = 10_000_000, FailuresPerMinute = 10_000_000, PortRest = TimeSpan.Zero });
        var client = scene.Allocated();
        client.Bind(0x4000, Scene.Peer);
        client.Permit(Scene.OtherPeer);
        var call = Call(name, scene, client);
        for (var i = 0; i < 300; i++)
        {
            call();
        }

        var least = long.MaxValue;
        for (var attempt = 0; attempt < 4 && least > bytes * Rounds; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Rounds; i++)
            {
                call();
            }

            least = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.InRange(least / (double)Rounds, 0, bytes);
    }

    private static Action Call(string name, Scene scene, TestClient client)
    {
        var buffer = new byte[2048];
        var path = client.Path;
        var port = client.Port;
        switch (name)
        {
            case "ChannelDataToPeer" or "DroppedDatagram":
                var channelData = new byte[1204];
                ChannelData.WriteHeader(channelData, name == "DroppedDatagram" ? (ushort)0x4444 : (ushort)0x4000, 1200);
                return () => scene.Engine.TryForwardFromClient(channelData, path, 0, scene.Now, out _);
            case "SendIndication":
                var send = client.Plain(StunMethod.Send, (ref StunWriter w) => { w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer); w.Add(StunAttributeType.Data, new byte[172]); }, StunClass.Indication);
                return () => scene.Engine.TryForwardFromClient(send, path, 0, scene.Now, out _);
            case "ChannelDataToClient":
                return () => scene.Engine.TryForwardFromPeer(port, Scene.Peer, buffer, RelayEngine.Headroom, 1200, 0, scene.Now, out _);
            case "DataIndication":
                return () => scene.Engine.TryForwardFromPeer(port, Scene.OtherPeer, buffer, RelayEngine.Headroom, 172, 0, scene.Now, out _);
            case "Allocate":
                return AllocateAndDelete(scene);
            default:
                var request = RequestOf(name, scene, client);
                return Handle(scene, request, path);
        }
    }

    private static byte[] RequestOf(string name, Scene scene, TestClient client) => name switch
    {
        "Refresh" => client.Signed(StunMethod.Refresh),
        "CreatePermission" => client.Signed(StunMethod.CreatePermission, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer)),
        "ChannelBind" => client.Signed(StunMethod.ChannelBind, (ref StunWriter w) => { w.AddChannelNumber(0x4000); w.AddAddress(StunAttributeType.XorPeerAddress, Scene.Peer); }),
        "Binding" => client.Plain(StunMethod.Binding),
        "Challenge" => client.Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)),
        "WrongPassword" => scene.Client("alice", "wrong").Signed(StunMethod.Refresh),
        _ => throw new InvalidOperationException($"perf/Baselines/turn.csv names an unknown case {name}."),
    };

    private static Action Handle(Scene scene, byte[] request, FiveTuple path)
    {
        var reply = new byte[RelayEngine.MaxReply];
        var commands = new List<RelayCommand>(64);
        return () =>
        {
            commands.Clear();
            Assert.True(scene.Engine.HandleRequest(request, path, scene.Now, scene.Utc, reply, commands) > 0);
        };
    }

    private static Action AllocateAndDelete(Scene scene)
    {
        var credential = TimedCredential.Issue(Scene.Secret, scene.Utc.AddMinutes(5), "gw-17", "s-1");
        var guest = scene.Client(credential.Username, credential.Password, "192.0.2.77:1");
        var allocate = Handle(scene, guest.Signed(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)), guest.Path);
        var delete = Handle(scene, guest.Signed(StunMethod.Refresh, (ref StunWriter w) => w.AddLifetime(0)), guest.Path);
        return () =>
        {
            allocate();
            delete();
        };
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "perf", "Baselines", "turn.csv");
            if (File.Exists(file))
            {
                return file;
            }
        }

        throw new FileNotFoundException("perf/Baselines/turn.csv is missing.");
    }
}
