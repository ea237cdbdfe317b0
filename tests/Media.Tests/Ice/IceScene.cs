using MediaRelay.Media.Ice;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Ice;

/// <summary>Two agents, each behind its NAT, a STUN server, and the offer/answer between them.</summary>
internal sealed class IceScene
{
    public IceScene(
        NatKind? left = null, NatKind? right = null, int seed = 1, double loss = 0, Func<IceConfiguration, IceConfiguration>? change = null,
        Func<IceConfiguration, IceConfiguration>? changeRight = null, Func<VirtualNetwork, IReadOnlyList<IceServer>>? servers = null)
    {
        Network = new VirtualNetwork(seed) { Conditions = LinkConditions.Lossy(loss) };
        Stun = new VirtualStunServer(Network);
        var list = servers?.Invoke(Network) ?? [];
        var common = new IceConfiguration { Servers = [new IceServer(Stun.Address), .. list] };
        LeftNat = left is { } l ? Network.AddNat(l, "20.0.1.1") : null;
        RightNat = right is { } r ? Network.AddNat(r, "20.0.2.1") : null;
        var leftHost = Network.AddHost("left", LeftNat?.Inside, LeftNat is null ? "20.0.1.9" : "10.0.1.9");
        var rightHost = Network.AddHost("right", RightNat?.Inside, RightNat is null ? "20.0.2.9" : "10.0.2.9");
        var leftConfiguration = common with { Role = IceRole.Controlling };
        var rightConfiguration = common with { Role = IceRole.Controlled };
        Left = new VirtualAgent(Network, leftHost, change?.Invoke(leftConfiguration) ?? leftConfiguration, (ulong)seed * 2);
        Right = new VirtualAgent(Network, rightHost, changeRight?.Invoke(rightConfiguration) ?? rightConfiguration, ((ulong)seed * 2) + 1);
        Left.Peer = Right;
        Right.Peer = Left;
    }

    public VirtualNetwork Network { get; }

    public VirtualStunServer Stun { get; }

    public VirtualNat? LeftNat { get; }

    public VirtualNat? RightNat { get; }

    public VirtualAgent Left { get; }

    public VirtualAgent Right { get; }

    public bool AreUsable => Left.Agent.ActivePair is not null && Right.Agent.ActivePair is not null;

    public bool AreCompleted => Left.Agent.State == IceState.Completed && Right.Agent.State == IceState.Completed;

    /// <summary>The left one offers, the right one answers; both gather from the start.</summary>
    public void Begin()
    {
        Left.Start();
        Left.Describe(then: () =>
        {
            Right.Start();
            Right.Describe();
        });
    }

    public bool RunUntilCompleted(double seconds = 60) => Network.RunUntil(() => AreCompleted, TimeSpan.FromSeconds(seconds));

    /// <summary>Sends a numbered text each way and checks that it arrives; with loss it is repeated.</summary>
    public void AssertDataFlows(string mark)
    {
        for (var i = 0; i < 40 && !(Left.Data.Contains(mark + "r") && Right.Data.Contains(mark + "l")); i++)
        {
            Left.Send(mark + "l");
            Right.Send(mark + "r");
            Network.RunFor(TimeSpan.FromMilliseconds(100));
        }
        Assert.Contains(mark + "l", Right.Data);
        Assert.Contains(mark + "r", Left.Data);
    }
}
