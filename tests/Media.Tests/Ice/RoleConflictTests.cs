using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Media.Ice;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Ice;

public sealed class RoleConflictTests
{
    private static readonly TransportAddress Peer = TransportAddress.Parse("20.0.2.9:5000");
    private static readonly IceCredentials Remote = new("peer", "peerpeerpeerpeerpeerpeer");

    public static TheoryData<string, ulong, ulong, bool> Rows()
    {
        var data = new TheoryData<string, ulong, ulong, bool>();
        foreach (var row in VectorFile.Rows("ice.json", "role_conflicts"))
        {
            var is487 = row.TextProperty("action").StartsWith("487", StringComparison.Ordinal);
            data.Add(row.TextProperty("local"), Convert.ToUInt64(row.TextProperty("local_tb"), 16), Convert.ToUInt64(row.TextProperty("remote_tb"), 16), is487);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_check_with_our_own_role_is_resolved_by_the_tie_breaker(string local, ulong ours, ulong theirs, bool is487)
    {
        var role = local == "controlling" ? IceRole.Controlling : IceRole.Controlled;
        using var random = new FirstDraw(ours);
        var agent = new IceAgent(new IceConfiguration { Role = role }, random);
        var commands = new List<IceCommand>();
        agent.Start([new LocalSocket(0, TransportAddress.Parse("20.0.1.9:4000"))], default, commands);
        agent.HandleRemoteDescription(Remote, false, default, commands);
        commands.Clear();
        var attribute = role == IceRole.Controlling ? StunAttributeType.IceControlling : StunAttributeType.IceControlled;
        agent.HandleDatagram(0, Peer, Given.Check(agent.LocalCredentials, Remote, attribute, theirs), default, commands);

        Assert.Equal(is487, agent.Role == role);
        Assert.Equal(1, agent.Counters.RoleConflicts);
        var answer = commands.OfType<IceCommand.SendDatagram>().First();
        Assert.True(StunMessage.TryRead(answer.Bytes.Span, out var message, out _));
        Assert.Equal(is487 ? StunClass.Error : StunClass.Success, message.Class);
        Assert.True(MessageIntegrity.Verify(message, Encoding.ASCII.GetBytes(agent.LocalCredentials.Password)));
        if (!is487) return;
        Assert.True(message.TryGetErrorCode(out var code, out _));
        Assert.Equal(StunErrorCode.RoleConflict, code);
    }

    [Theory]
    [InlineData(IceRole.Controlling)]
    [InlineData(IceRole.Controlled)]
    public void Two_agents_that_start_with_the_same_role_connect_with_different_ones(IceRole role)
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            var scene = new IceScene(seed: seed, change: c => c with { Role = role }, changeRight: c => c with { Role = role });
            scene.Begin();
            Assert.True(scene.RunUntilCompleted(5), $"seed {seed}");
            Assert.NotEqual(scene.Left.Agent.Role, scene.Right.Agent.Role);
            scene.AssertDataFlows("x");
        }
    }

    // The tie-breaker is the first thing an agent draws.
    private sealed class FirstDraw(ulong first) : RandomNumberGenerator
    {
        private readonly CountingRandom rest = new(5);
        private bool isDrawn;

        public override void GetBytes(byte[] data) => GetBytes(data.AsSpan());

        public override void GetBytes(Span<byte> data)
        {
            rest.GetBytes(data);
            if (isDrawn) return;
            isDrawn = true;
            BinaryPrimitives.WriteUInt64BigEndian(data, first);
        }

        protected override void Dispose(bool disposing)
        {
            rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
