using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>What the engine orders: sockets opened and closed, connections closed and joined, facts told to the observer.</summary>
internal sealed unsafe partial class RelayShard
{
    private readonly List<RelayCommand> _afterReply = [];

    /// <summary>Carries the commands out; returns the length of the answer, which changes when no port could be opened.</summary>
    private int ExecuteBeforeReply(ReadOnlySpan<byte> request, in FiveTuple from, Span<byte> reply, int written)
    {
        // The list grows while it is walked: a port that fails is replaced by commands for another one.
        for (var i = 0; i < _commands.Count; i++)
        {
            var command = _commands[i];
            if (command.Kind == RelayCommandKind.OpenPort)
            {
                if (!(command.IsTcp ? TryListen(command) : TryOpen(command)))
                    written = _engine.HandlePortFailed(command.Port, request, in from, _now, _time.GetUtcNow(), reply, _commands);
            }
            else if (command.Kind is RelayCommandKind.JoinPeer or RelayCommandKind.CloseClient)
            {
                _afterReply.Add(command);
            }
            else
            {
                Execute(command);
            }
        }

        _commands.Clear();
        return written;
    }

    private void ExecuteAll()
    {
        for (var i = 0; i < _commands.Count; i++)
            Execute(_commands[i]);
        _commands.Clear();
    }

    private void Execute(in RelayCommand command)
    {
        switch (command.Kind)
        {
            case RelayCommandKind.ClosePort when command.IsTcp:
                CloseTcpPort(command.Port);
                break;
            case RelayCommandKind.ClosePort:
                ClosePort(command);
                break;
            case RelayCommandKind.ConnectPeer:
                ConnectPeer(command);
                break;
            case RelayCommandKind.ClosePeer:
                ClosePeer(command.ConnectionId);
                break;
            case RelayCommandKind.JoinPeer:
                JoinPeer(command);
                break;
            case RelayCommandKind.CloseClient when _clients.TryGetValue(command.Client.Connection, out var client):
                client.Close();
                break;
            case RelayCommandKind.PathTaken when _clients.TryGetValue(command.Client.Connection, out var mover):
                mover.HasAllocation = true;
                break;
            case RelayCommandKind.PathGone:
                if (_clients.TryGetValue(command.Client.Connection, out var left))
                    left.HasAllocation = false;
                Release(command.Client);
                break;
            case RelayCommandKind.AllocationCreated:
                if (_clients.TryGetValue(command.Client.Connection, out var owner))
                    owner.HasAllocation = true;
                _observer.AllocationCreated(Index, command);
                break;
            case RelayCommandKind.AllocationGone:
                if (_clients.TryGetValue(command.Client.Connection, out var former))
                    former.HasAllocation = false;
                Release(command.Client);
                _observer.AllocationGone(Index, command);
                break;
        }
    }

    private bool TryOpen(in RelayCommand command)
    {
        var address = _settings.RelayAddresses[command.Port.AddressIndex].Bind.WithPort(command.Port.Port);
        var descriptor = DatagramSocket.TryOpen(address, new DatagramSocketOptions
        {
            ReportErrors = true,
            ReportTrafficClass = true,
            ReportDrops = true,
            ReceiveBuffer = _settings.RelayBuffer,
            SendBuffer = _settings.RelayBuffer,
        });
        if (descriptor < 0)
        {
            _observer.PortFailed(Index, address, SocketErrors.ToException(-descriptor, address).SocketErrorCode);
            return false;
        }

        RelaySocket(command.Port) = descriptor;
        _loop.Add(descriptor, TokenOf(command.Port), coalesced: true);
        Counters.RelaySockets++;
        return true;
    }

    private void ClosePort(in RelayCommand command)
    {
        ref var descriptor = ref RelaySocket(command.Port);
        if (descriptor <= 0)
            return;
        _loop.Remove(descriptor, TokenOf(command.Port));
        _overload.Forget(TokenOf(command.Port));
        descriptor = 0;
        Counters.RelaySockets--;
    }
}
