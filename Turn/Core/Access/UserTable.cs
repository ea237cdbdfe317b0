using MediaRelay.Stun;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Access;

/// <summary>Users with allocations on this shard and their subscribers. Entries come with the first allocation and go with the last.</summary>
internal sealed class UserTable(KeyedHash hash, QuotaCounts quotas)
{
    private const int UserQuota = 1;
    private const int SubscriberQuota = 2;

    private readonly Slab<RelayUser> _users = new();
    private readonly Slab<Subscriber> _subscribers = new();
    private readonly IndexTable _byName = new();
    private readonly IndexTable _byKey = new();

    public int Count => _users.Count;

    public ref RelayUser this[int position] => ref _users[position];

    public ref Subscriber SubscriberOf(int user) => ref _subscribers[_users[user].Subscriber];

    /// <summary>
    /// The user with this name and key, or -1: a name may come with a second password while secrets or passwords change, and allocations of the first
    /// go on with theirs. Token users are never found: each token has its own key.
    /// </summary>
    private int Find(ReadOnlySpan<byte> name, in IntegrityKey key)
    {
        var h = hash.Of(name);
        for (var position = _byName.First(h, out var cursor); position >= 0; position = _byName.Next(h, ref cursor))
        {
            if (_users[position].Name.AsSpan().SequenceEqual(name) && _users[position].Key.Equals(key))
            {
                return position;
            }
        }

        return -1;
    }

    /// <summary>
    /// Counts one more allocation for the caller, within both quotas, and gives the user's position.
    /// <paramref name="reason"/> tells which quota was reached.
    /// </summary>
    public bool TryEnter(ReadOnlySpan<byte> name, in Caller caller, RelayLimits limits, out int user, out RefusalReason reason)
    {
        user = -1;
        var subject = name;
        ReadOnlySpan<byte> scope = default;
        if (caller.Kind == CredentialKinds.Timed && TimedName.TryRead(name, out var timed))
        {
            subject = timed.Subject.IsEmpty ? name : timed.Subject;
            scope = timed.Scope;
        }

        var quotaKey = quotas.KeyOf(name, UserQuota);
        var subscriberKey = quotas.KeyOf(subject, SubscriberQuota + (int)caller.Kind);
        reason = RefusalReason.UserQuota;
        if (!quotas.TryAdd(quotaKey, limits.AllocationsPerUser))
        {
            return false;
        }

        // Configured users and token issuers serve many homes; only timed credentials name the subscriber.
        reason = RefusalReason.SubscriberQuota;
        var subscriberLimit = caller.Kind == CredentialKinds.Timed ? limits.AllocationsPerSubscriber : limits.AllocationsPerUser;
        if (!quotas.TryAdd(subscriberKey, subscriberLimit))
        {
            quotas.Remove(quotaKey);
            return false;
        }

        reason = RefusalReason.None;
        user = caller.Kind == CredentialKinds.Token ? -1 : Find(name, caller.Key);
        if (user < 0)
        {
            user = _users.Take();
            ref var entry = ref _users[user];
            entry.Name = name.ToArray();
            entry.Key = caller.Key;
            entry.Kind = caller.Kind;
            entry.Hash = hash.Of(name);
            entry.QuotaKey = quotaKey;
            entry.SubscriberKey = subscriberKey;
            entry.Scope = ScopeOf(scope);
            entry.Subscriber = EnterSubscriber(subscriberKey);
            if (caller.Kind != CredentialKinds.Token)
            {
                _byName.Add(entry.Hash, user);
            }
        }
        else
        {
            _subscribers[_users[user].Subscriber].Allocations++;
        }

        _users[user].Allocations++;
        return true;
    }

    /// <summary>Counts one allocation less and forgets the user with the last one.</summary>
    public void Leave(int user)
    {
        ref var entry = ref _users[user];
        quotas.Remove(entry.QuotaKey);
        quotas.Remove(entry.SubscriberKey);
        ref var subscriber = ref _subscribers[entry.Subscriber];
        if (--subscriber.Allocations == 0)
        {
            _byKey.Remove(subscriber.Hash, entry.Subscriber);
            _subscribers.Release(entry.Subscriber);
        }

        if (--entry.Allocations == 0)
        {
            if (entry.Kind != CredentialKinds.Token)
            {
                _byName.Remove(entry.Hash, user);
            }

            _users.Release(user);
        }
    }

    private static CredentialScope? ScopeOf(ReadOnlySpan<byte> scope)
    {
        if (scope.IsEmpty || !scope.Contains((byte)'~'))
        {
            return null;
        }

        // A scope that cannot be read is a fault of the issuer; it must not open more than was meant.
        return CredentialScope.TryRead(scope, out var read) ? read : new CredentialScope("", 0, []);
    }

    private int EnterSubscriber(ulong key)
    {
        var h = (uint)key;
        for (var position = _byKey.First(h, out var cursor); position >= 0; position = _byKey.Next(h, ref cursor))
        {
            if (_subscribers[position].Key == key)
            {
                _subscribers[position].Allocations++;
                return position;
            }
        }

        var taken = _subscribers.Take();
        _subscribers[taken].Key = key;
        _subscribers[taken].Hash = h;
        _subscribers[taken].Allocations = 1;
        _byKey.Add(h, taken);
        return taken;
    }
}
