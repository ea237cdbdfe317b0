using MediaRelay.Stun;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Limits;

/// <summary>How many answers unverified sources get over UDP, and how many failed authentications are answered.</summary>
internal sealed class AnswerBudgets
{
    private readonly KeyedHash _hash;
    private readonly BucketTable _sources;
    private readonly BucketTable _failuresPerSecond;
    private readonly BucketTable _failuresPerMinute;
    private readonly long _nodeCost;
    private readonly long _nodeBurst;
    private TokenBucket _node;

    public AnswerBudgets(RelayLimits limits, int shards, KeyedHash hash)
    {
        _hash = hash;
        _sources = new BucketTable(limits.AnswersPerSource, limits.AnswersPerSourceBurst);
        _failuresPerSecond = new BucketTable(limits.FailuresPerSecond, limits.FailuresPerSecond);
        _failuresPerMinute = new BucketTable(limits.FailuresPerMinute / 60.0, limits.FailuresPerMinute);
        var perShard = Math.Max(1, limits.AnswersPerNode / Math.Max(1, shards));
        _nodeCost = TokenBucket.CostOf(perShard);
        _nodeBurst = perShard;
    }

    /// <summary>Spends one answer to an unverified source: its own budget (IPv4 address, IPv6 /56), then the node's.</summary>
    public bool TryAnswer(TransportAddress source, TimeSpan now) =>
        _sources.TryTake(_hash.LongOf([], Prefix(source)), now) && _node.TryTake(now, 1, _nodeCost, _nodeBurst);

    /// <summary>Spends one failed authentication of this source and user name.</summary>
    public bool TryFail(TransportAddress source, ReadOnlySpan<byte> userName, TimeSpan now)
    {
        var key = _hash.LongOf(userName, source.Bits);
        return _failuresPerSecond.TryTake(key, now) && _failuresPerMinute.TryTake(key, now);
    }

    private static UInt128 Prefix(TransportAddress source) => source.IsV4 ? source.Bits : source.Bits >> 72 << 72;
}
