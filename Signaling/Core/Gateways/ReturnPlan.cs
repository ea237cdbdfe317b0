namespace MediaRelay.Signaling.Gateways;

/// <summary>How much time many gateways need to return after a restart or an outage, and so how long none of them is missed.</summary>
/// <param name="SessionsPerSecond">New sessions that are admitted per second.</param>
/// <param name="Most">The longest time over which they are spread.</param>
public sealed record ReturnPlan(double SessionsPerSecond, TimeSpan Most)
{
    /// <summary>The shortest time for which a node that ends sends a gateway away: the next one needs some seconds to start, and who comes before it stands before a closed door.</summary>
    public static readonly TimeSpan LeastAtTheEnd = TimeSpan.FromSeconds(5);

    /// <summary>The longest. The next node does not know what was told, so it must fit into a gateway's silence.</summary>
    public static readonly TimeSpan MostAtTheEnd = TimeSpan.FromSeconds(30);

    private const double Reserve = 1.2;

    /// <summary>Over which time the return of this many gateways is spread: as long as they need with some reserve, 1 s to the longest that is allowed.</summary>
    public TimeSpan Spread(int gateways) => Need(gateways) < Most ? Need(gateways) : Most;

    /// <summary>Over which time behind <see cref="LeastAtTheEnd"/> a node that ends spreads the return of its gateways.</summary>
    public TimeSpan SpreadAtTheEnd(int gateways) => Spread(gateways) < MostAtTheEnd - LeastAtTheEnd ? Spread(gateways) : MostAtTheEnd - LeastAtTheEnd;

    /// <summary>
    /// How long after a start the silence of the gateways that were connected before means nothing: all need their time to get in, and one that
    /// tried in vain for so long, and for the outage before, waits up to twice as long until its next try, at most <see cref="RetryBackoff.Most"/>.
    /// </summary>
    public TimeSpan Allowance(int gateways, TimeSpan outage)
    {
        TimeSpan need = Need(gateways);
        TimeSpan wait = (outage > TimeSpan.Zero ? outage + need : need) * 2;
        return need + (wait < RetryBackoff.Most ? wait : RetryBackoff.Most);
    }

    private TimeSpan Need(int gateways) => TimeSpan.FromSeconds(Math.Max(1, gateways / SessionsPerSecond * Reserve));
}
