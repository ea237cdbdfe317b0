using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Limits;

/// <summary>
/// How many answers unverified sources get over UDP, and how many failed authentications are answered. The shards of a node share one,
/// without a lock: the kernel spreads the ports of one address over all of them. Only requests that have proven nothing touch it.
/// </summary>
public sealed class AnswerBudgets
{
    private readonly KeyedHash _hash;
    private readonly BucketTable _sources;
    private readonly BucketTable _failuresPerSecond;
    private readonly BucketTable _failuresPerMinute;
    private readonly long _nodeCost;
    private readonly long _nodeBurst;
    private TokenBucket _node;

    /// <summary>Budgets for a node, by the limits that hold for all of its shards.</summary>
    public AnswerBudgets(RelayLimits limits, RandomNumberGenerator random)
        : this(limits, new KeyedHash(random))
    {
    }

    internal AnswerBudgets(RelayLimits limits, KeyedHash hash)
    {
        _hash = hash;
        _sources = new BucketTable(limits.AnswersPerSource, limits.AnswersPerSourceBurst);
        _failuresPerSecond = new BucketTable(limits.FailuresPerSecond, limits.FailuresPerSecond);
        _failuresPerMinute = new BucketTable(limits.FailuresPerMinute / 60.0, limits.FailuresPerMinute);
        _nodeCost = TokenBucket.CostOf(Math.Max(1, limits.AnswersPerNode));
        _nodeBurst = Math.Max(1, limits.AnswersPerNode);
    }

    /// <summary>Spends one answer to an unverified source: its own budget (IPv4 address, IPv6 /56), then the node's.</summary>
    internal bool TryAnswer(TransportAddress source, TimeSpan now) =>
        _sources.TryTake(_hash.LongOf([], Prefix(source)), now) && TokenBucket.TryTakeShared(ref _node, now, 1, _nodeCost, _nodeBurst);

    /// <summary>Spends one failed authentication of this source and user name.</summary>
    internal bool TryFail(TransportAddress source, ReadOnlySpan<byte> userName, TimeSpan now)
    {
        var key = _hash.LongOf(userName, source.Bits);
        return _failuresPerSecond.TryTake(key, now) && _failuresPerMinute.TryTake(key, now);
    }

    private static UInt128 Prefix(TransportAddress source) => source.IsV4 ? source.Bits : source.Bits >> 72 << 72;
}
