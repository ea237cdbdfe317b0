using System.Diagnostics;
using System.Text;
using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn;

// What the shell reports (ICMP errors, TCP peers, closed clients) and what the operator does (drain, revoke, new settings, tables).
public sealed partial class RelayEngine
{
    /// <summary>True while draining.</summary>
    public bool IsDraining => _state.IsDraining;

    /// <summary>
    /// An ICMP error for a datagram that went from a relay port to <paramref name="peer"/> (port 0 when unknown). Returns the
    /// length of the Data indication for <paramref name="client"/>, 0 for none (RFC 8656 section 11.5).
    /// </summary>
    public int HandlePeerError(RelayPort port, TransportAddress peer, IcmpError error, TimeSpan now, Span<byte> message, out FiveTuple client)
    {
        client = default;
        var position = _state.Ports[port.AddressIndex].HolderOf(port.Port);
        var isRelevant = peer.IsV4 ? error.Type is 3 or 11 : error.Type is 1 or 2 or 3;
        if (position < 0 || !isRelevant)
        {
            return 0;
        }

        ref var allocation = ref _state.Allocations[position];
        if (allocation.IsTcp || _state.Allocations.Peers.FindPermission(ref allocation, peer, now) < 0)
        {
            return 0;
        }

        client = allocation.Client;
        _state.Counters.PeerErrors++;
        Span<byte> transaction = stackalloc byte[TransactionId.Length];
        _state.Random.Fill(transaction);
        var writer = new StunWriter(message, StunMethod.Data, StunClass.Indication, TransactionId.FromBytes(transaction));
        writer.AddAddress(StunAttributeType.XorPeerAddress, peer);
        writer.AddIcmp(error);
        return writer.Length;
    }

    /// <summary>A client's TCP, TLS or DTLS connection closed: its allocation ends, or, as a data connection, its peer's connection.</summary>
    public void HandleClientClosed(in FiveTuple client, TimeSpan now, List<RelayCommand> commands)
    {
        TakeDeferred(commands);
        if (_tcp?.TryHandleClientClosed(client, commands) == true)
        {
            return;
        }

        var position = _state.Allocations.Find(client);
        if (position < 0 || (_state.Allocations[position].IsMobile && _mobility!.TrySurvive(position)))
        {
            TakeDeferred(commands);
            return;
        }

        _state.Allocations.Remove(position, AllocationEnd.ClientClosed, now, commands);
        CheckInvariants(now);
    }

    /// <summary>The connection of a ConnectPeer command stands; returns the reply for <paramref name="client"/>, 0 when nobody waits (then close it).</summary>
    public int HandlePeerConnected(uint connectionId, TimeSpan now, Span<byte> reply, out FiveTuple client)
    {
        client = default;
        return _tcp?.HandleConnected(connectionId, succeeded: true, now, reply, out client) ?? 0;
    }

    /// <summary>The connection of a ConnectPeer command failed; returns the reply (447) for <paramref name="client"/>, 0 when nobody waits.</summary>
    public int HandlePeerFailed(uint connectionId, TimeSpan now, Span<byte> reply, out FiveTuple client)
    {
        client = default;
        return _tcp?.HandleConnected(connectionId, succeeded: false, now, reply, out client) ?? 0;
    }

    /// <summary>
    /// A peer connected to a TCP relay port. Returns the ConnectionAttempt for <paramref name="client"/> and the id of the
    /// connection; 0 = close it at once.
    /// </summary>
    public int HandlePeerAccepted(RelayPort port, TransportAddress peer, TimeSpan now, Span<byte> message, out FiveTuple client, out uint connectionId)
    {
        client = default;
        connectionId = 0;
        return _tcp?.HandleAccepted(port, peer, now, message, out client, out connectionId) ?? 0;
    }

    /// <summary>A TCP peer closed its connection, or it broke.</summary>
    public void HandlePeerClosed(uint connectionId, List<RelayCommand> commands) => _tcp?.HandlePeerClosed(connectionId, commands);

    /// <summary>
    /// Counts bytes relayed on a joined TCP connection. False when they are above the bandwidth: wait some milliseconds and ask
    /// again before reading on. At most 64 KiB per call.
    /// </summary>
    public bool TryCountStream(uint connectionId, int bytes, bool toPeer, TimeSpan now)
    {
        var position = _tcp?.OwnerOf(connectionId) ?? -1;
        return position >= 0 && _data.TryCountStream(position, bytes, toPeer, now);
    }

    /// <summary>New allocations are sent to a sibling (300) or refused (508); existing ones may be refreshed.</summary>
    public void BeginDrain() => _state.IsDraining = true;

    /// <summary>Takes new allocations again.</summary>
    public void EndDrain() => _state.IsDraining = false;

    /// <summary>Replaces the sibling relays.</summary>
    public void Update(AlternateServers alternates) => _state.Alternates = alternates;

    /// <summary>Replaces the limits; existing allocations keep what they have. Rate budgets start full.</summary>
    public void Update(RelayLimits limits) => _state.Limits = limits;

    /// <summary>Replaces users, secrets and realm; existing allocations go on with their keys.</summary>
    public void Update(RelayCredentials credentials) => _state.Replace(credentials);

    /// <summary>Replaces the peer policy; permissions and channels that it refuses end now.</summary>
    public void Update(PeerFilter peers, TimeSpan now, List<RelayCommand> commands)
    {
        _state.Peers = peers;
        for (var position = 0; position < _state.Allocations.Limit; position++)
        {
            if (_state.Allocations[position].Id != 0)
            {
                _state.Allocations.Peers.Reconsider(position, _state.Users[_state.Allocations[position].User].Kind, peers, commands);
            }
        }

        CheckInvariants(now);
    }

    /// <summary>Ends every allocation of a user name, or of the subject of timed names; returns how many.</summary>
    public int Revoke(ReadOnlySpan<byte> userOrSubject, TimeSpan now, List<RelayCommand> commands)
    {
        TakeDeferred(commands);
        var count = 0;
        for (var position = 0; position < _state.Allocations.Limit; position++)
        {
            if (_state.Allocations[position].Id == 0)
            {
                continue;
            }

            var name = _state.Users[_state.Allocations[position].User].Name;
            if (name.AsSpan().SequenceEqual(userOrSubject) || (TimedName.TryRead(name, out var timed) && timed.Subject.SequenceEqual(userOrSubject)))
            {
                RemoveRevoked(position, now, commands);
                count++;
            }
        }

        CheckInvariants(now);
        return count;
    }

    /// <summary>Ends one allocation by the id of its snapshot.</summary>
    public bool Revoke(long allocationId, TimeSpan now, List<RelayCommand> commands)
    {
        TakeDeferred(commands);
        for (var position = 0; position < _state.Allocations.Limit; position++)
        {
            if (allocationId != 0 && _state.Allocations[position].Id == allocationId)
            {
                RemoveRevoked(position, now, commands);
                return true;
            }
        }

        return false;
    }

    /// <summary>All allocations for an admin page, at most <paramref name="limit"/>. Walks the table; not for every second.</summary>
    public IReadOnlyList<AllocationSnapshot> Snapshot(TimeSpan now, int limit = int.MaxValue)
    {
        var list = new List<AllocationSnapshot>();
        for (var position = 0; position < _state.Allocations.Limit && list.Count < limit; position++)
        {
            if (_state.Allocations[position].Id != 0)
            {
                list.Add(SnapshotOf(position, now));
            }
        }

        return list;
    }

    private void RemoveRevoked(int position, TimeSpan now, List<RelayCommand> commands)
    {
        var client = _state.Allocations[position].Client;
        _state.Allocations.Remove(position, AllocationEnd.Revoked, now, commands);
        if (client.Connection != 0)
        {
            commands.Add(new RelayCommand { Kind = RelayCommandKind.CloseClient, Client = client });
        }
    }

    private AllocationSnapshot SnapshotOf(int position, TimeSpan now)
    {
        ref var allocation = ref _state.Allocations[position];
        var relayed = new List<TransportAddress>();
        foreach (var half in (ReadOnlySpan<RelayedAddress>)[allocation.V4, allocation.V6])
        {
            if (half.IsActive)
            {
                relayed.Add(_state.Ports[half.Port.AddressIndex].Address.WithPort(half.Port.Port));
            }
        }

        var table = _state.Allocations.Peers;
        var peers = new List<TransportAddress>();
        for (var link = allocation.FirstPermission; link != 0; link = table.Permission(link - 1).Next)
        {
            peers.Add(table.Permission(link - 1).Peer);
        }

        for (var link = allocation.FirstChannel; link != 0; link = table.Channel(link - 1).Next)
        {
            peers.Remove(table.Channel(link - 1).Peer.WithPort(0));
            peers.Add(table.Channel(link - 1).Peer);
        }

        return new AllocationSnapshot
        {
            Id = allocation.Id,
            Client = allocation.Client,
            Transport = _state.Listeners[allocation.Client.Listener].Transport,
            UserName = Encoding.UTF8.GetString(_state.Users[allocation.User].Name),
            RelayedAddresses = relayed,
            Age = now - allocation.Created,
            ExpiresIn = allocation.Expires - now,
            IsTcp = allocation.IsTcp,
            BytesToPeer = allocation.BytesToPeer,
            PacketsToPeer = allocation.PacketsToPeer,
            BytesToClient = allocation.BytesToClient,
            PacketsToClient = allocation.PacketsToClient,
            Peers = peers,
        };
    }

    /// <summary>Cheap relations that must hold after every input; checked in debug builds.</summary>
    [Conditional("DEBUG")]
    private void CheckInvariants(TimeSpan now)
    {
        var table = _state.Allocations;
        Debug.Assert(table.Count == 0 == (_state.Users.Count == 0), "users live exactly as long as allocations");
        Debug.Assert(table.Count > 0 || (table.Peers.PermissionCount == 0 && table.Peers.ChannelCount == 0), "permissions and channels go with their allocation");
        Debug.Assert(
            _state.Wheel.Count == table.Count + table.Peers.PermissionCount + table.Peers.ChannelCount + _allocate.Reservations.Count + (_tcp?.TimerCount ?? 0),
            "everything that lives has one timer");
        Debug.Assert(_state.Wheel.NextDeadline is not null || table.Count == 0, $"an allocation always has a deadline at {now}");
    }
}
