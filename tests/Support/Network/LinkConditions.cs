namespace MediaRelay.Tests.Support.Network;

/// <summary>What happens to datagrams between two hosts. Probabilities are 0..1.</summary>
/// <param name="Delay">One-way delay.</param>
/// <param name="Jitter">A uniformly drawn extra delay; jitter larger than the sending interval reorders.</param>
/// <param name="Loss">Probability that a datagram is lost. A stream segment is delayed by one retransmission instead.</param>
/// <param name="Duplication">Probability that a datagram arrives twice.</param>
/// <param name="Mtu">Largest IP packet in bytes; larger datagrams are dropped, as with the do-not-fragment bit.</param>
/// <param name="BitsPerSecond">Rate at which a host's datagrams leave, IP and UDP headers included; 0 means without limit.</param>
public sealed record LinkConditions(TimeSpan Delay, TimeSpan Jitter = default, double Loss = 0, double Duplication = 0, int Mtu = 1500, long BitsPerSecond = 0)
{
    /// <summary>Longest time that a datagram waits for a link with a rate; what would wait longer is dropped.</summary>
    public TimeSpan Queue { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>10 ms one way, nothing lost.</summary>
    public static LinkConditions Good { get; } = new(TimeSpan.FromMilliseconds(10));

    /// <summary>The same with a loss probability.</summary>
    public static LinkConditions Lossy(double loss) => Good with { Loss = loss };
}
