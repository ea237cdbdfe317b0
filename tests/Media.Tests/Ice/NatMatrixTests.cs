using MediaRelay.Media.Ice;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>Two full agents behind each pair of NAT kinds, without a relay: the outcome is what RFC 4787's terms predict.</summary>
public sealed class NatMatrixTests
{
    private static readonly NatKind[] Kinds = [NatKind.EndpointIndependent, NatKind.AddressRestricted, NatKind.PortRestricted, NatKind.Symmetric, NatKind.UdpBlocked];

    public static TheoryData<NatKind, NatKind, double> Matrix()
    {
        var rows = new TheoryData<NatKind, NatKind, double>();
        foreach (var left in Kinds)
            foreach (var right in Kinds)
                foreach (var loss in new[] { 0, 0.05, 0.2 }) rows.Add(left, right, loss);
        return rows;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void Without_a_relay_agents_connect_or_fail_as_theory_says(NatKind left, NatKind right, double loss)
    {
        for (var seed = 1; seed <= 4; seed++)
        {
            var scene = new IceScene(left, right, seed, loss);
            scene.Begin();
            if (CanMeet(left, right)) AssertConnects(scene, loss, $"{left} {right} {loss} seed {seed}");
            else AssertFails(scene);
        }
    }

    private static void AssertConnects(IceScene scene, double loss, string row)
    {
        Assert.True(scene.RunUntilCompleted(), row);
        var usable = Later(scene.Left.FirstUsable, scene.Right.FirstUsable);
        var limit = TimeSpan.FromMilliseconds(loss switch { 0 => 300, < 0.1 => 1500, _ => 4000 });
        Assert.True(usable <= limit, $"{row}: usable after {usable.TotalMilliseconds} ms");
        scene.AssertDataFlows("x");
    }

    private static void AssertFails(IceScene scene)
    {
        scene.Network.RunUntil(() => scene.Left.Agent.State == IceState.Failed && scene.Right.Agent.State == IceState.Failed, TimeSpan.FromSeconds(90));
        Assert.Equal(IceState.Failed, scene.Left.Agent.State);
        Assert.Equal(IceState.Failed, scene.Right.Agent.State);
        Assert.Null(scene.Left.FirstUsable);
        Assert.Null(scene.Right.FirstUsable);
        // RFC 8863: not before 39.5 s, and the last check is over by then.
        Assert.InRange(scene.Left.TimeOf(IceState.Failed)!.Value.TotalSeconds, 39.5, 60);
        Assert.False(scene.Left.Send("x"));
    }

    // Symmetric mapping needs a peer that accepts from an unknown port; a blocked side never gets a datagram out.
    private static bool CanMeet(NatKind left, NatKind right)
    {
        if (left == NatKind.UdpBlocked || right == NatKind.UdpBlocked) return false;
        if (left == NatKind.Symmetric) return right is NatKind.EndpointIndependent or NatKind.AddressRestricted;
        return right != NatKind.Symmetric || left is NatKind.EndpointIndependent or NatKind.AddressRestricted;
    }

    private static TimeSpan Later(TimeSpan? a, TimeSpan? b) => a > b ? a.Value : b!.Value;
}
