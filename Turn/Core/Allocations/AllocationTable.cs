using System.Diagnostics;
using MediaRelay.Stun;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn.Allocations;

/// <summary>All allocations of the shard: found by five-tuple, or by the relay port through <see cref="RelayPorts"/>.</summary>
internal sealed class AllocationTable
{
    private readonly RelayState _state;
    private readonly Slab<Allocation> _allocations = new();
    private readonly IndexTable _byClient = new(1024);
    private long _lastId;

    public AllocationTable(RelayState state)
    {
        _state = state;
        Peers = new PeerTable(state, this);
    }

    public PeerTable Peers { get; }

    public int Count => _allocations.Count;

    /// <summary>Positions below this may be in use; check <see cref="Allocation.Id"/>.</summary>
    public int Limit => _allocations.Limit;

    public ref Allocation this[int position] => ref _allocations[position];

    /// <summary>Set by the parts that keep something of their own for an allocation: called before it goes.</summary>
    public TcpRelay? Tcp { get; set; }

    /// <summary>Set when mobility is on.</summary>
    public Mobility? Mobility { get; set; }

    public int Find(in FiveTuple client)
    {
        var hash = HashOf(client);
        for (var position = _byClient.First(hash, out var cursor); position >= 0; position = _byClient.Next(hash, ref cursor))
        {
            if (_allocations[position].Client == client)
            {
                return position;
            }
        }

        return -1;
    }

    /// <summary>Makes an allocation without relayed address.</summary>
    public int Create(in FiveTuple client, int user, TransactionId transaction, TimeSpan now)
    {
        var position = _allocations.Take();
        ref var allocation = ref _allocations[position];
        allocation.Id = ++_lastId;
        allocation.Client = client;
        allocation.ClientHash = HashOf(client);
        allocation.User = user;
        allocation.Transaction = transaction;
        allocation.Created = now;
        _byClient.Add(allocation.ClientHash, position);
        return position;
    }

    /// <summary>Sets the time to expiry of the halves in use; null = of both.</summary>
    public void SetExpiry(int position, IpFamily family, TimeSpan expires)
    {
        ref var allocation = ref _allocations[position];
        if (family != IpFamily.V6)
        {
            allocation.V4.Expires = expires;
        }

        if (family != IpFamily.V4)
        {
            allocation.V6.Expires = expires;
        }

        if (allocation.Timer != 0)
        {
            _state.Wheel.Remove(allocation.Timer - 1);
        }

        allocation.Timer = _state.SetTimer(TimerKind.Allocation, position, allocation.NextExpiry) + 1;
    }

    /// <summary>A timer of this allocation fired.</summary>
    public void HandleTimer(int position, TimeSpan now, List<RelayCommand> commands)
    {
        ref var allocation = ref _allocations[position];
        allocation.Timer = 0;
        if (allocation.IsDual)
        {
            if (allocation.V4.Expires <= now && allocation.V6.Expires > now)
            {
                RemoveHalf(position, IpFamily.V4, now, commands);
            }
            else if (allocation.V6.Expires <= now && allocation.V4.Expires > now)
            {
                RemoveHalf(position, IpFamily.V6, now, commands);
            }
        }

        if (allocation.Expires <= now)
        {
            _state.Counters.AllocationsExpired++;
            Remove(position, AllocationEnd.Expired, now, commands);
            return;
        }

        if (allocation.Timer == 0)
        {
            allocation.Timer = _state.SetTimer(TimerKind.Allocation, position, allocation.NextExpiry) + 1;
        }
    }

    /// <summary>Ends one family of a dual allocation; the other family keeps its permissions and channels (RFC 8656 section 8.1).</summary>
    public void RemoveHalf(int position, IpFamily family, TimeSpan now, List<RelayCommand> commands)
    {
        ref var allocation = ref _allocations[position];
        Debug.Assert(allocation.IsDual, "the last half goes with the allocation");
        Peers.RemoveAll(position, family, commands);
        ClosePort(position, ref allocation.Of(family), now, commands);
        SetExpiry(position, family == IpFamily.V4 ? IpFamily.V6 : IpFamily.V4, allocation.Of(family == IpFamily.V4 ? IpFamily.V6 : IpFamily.V4).Expires);
    }

    public void Remove(int position, AllocationEnd cause, TimeSpan now, List<RelayCommand> commands)
    {
        ref var allocation = ref _allocations[position];
        Tcp?.RemoveAll(position, commands);
        Mobility?.Forget(position, commands);
        Peers.RemoveAll(position, IpFamily.None, commands);
        ClosePort(position, ref allocation.V4, now, commands);
        ClosePort(position, ref allocation.V6, now, commands);
        if (allocation.Timer != 0)
        {
            _state.Wheel.Remove(allocation.Timer - 1);
        }

        commands.Add(new RelayCommand
        {
            Kind = RelayCommandKind.AllocationGone,
            Client = allocation.Client,
            Cause = cause,
            BytesToPeer = allocation.BytesToPeer,
            BytesToClient = allocation.BytesToClient,
            UserName = _state.Users[allocation.User].Name,
        });
        _byClient.Remove(allocation.ClientHash, position);
        _state.Users.Leave(allocation.User);
        _allocations.Release(position);
    }

    /// <summary>Gives the allocation another path to its client (RFC 8016).</summary>
    public void Move(int position, in FiveTuple client, List<RelayCommand> commands)
    {
        ref var allocation = ref _allocations[position];
        Peers.AnnounceGone(position, commands);
        _byClient.Remove(allocation.ClientHash, position);
        allocation.Client = client;
        allocation.ClientHash = HashOf(client);
        _byClient.Add(allocation.ClientHash, position);
        Peers.AnnounceBound(position, commands);
    }

    private void ClosePort(int position, ref RelayedAddress relayed, TimeSpan now, List<RelayCommand> commands)
    {
        if (!relayed.IsActive)
        {
            return;
        }

        Debug.Assert(_state.Ports[relayed.Port.AddressIndex].HolderOf(relayed.Port.Port) == position, "a relay port belongs to one allocation");
        _state.Ports[relayed.Port.AddressIndex].Release(relayed.Port.Port, now);
        commands.Add(new RelayCommand { Kind = RelayCommandKind.ClosePort, Port = relayed.Port, IsTcp = _allocations[position].IsTcp });
        relayed = default;
    }

    private uint HashOf(in FiveTuple client) =>
        _state.Hash.Of(client.Client.Bits, ((ulong)client.Client.Port << 48) | ((ulong)client.Listener << 32) | (uint)client.Connection);
}
