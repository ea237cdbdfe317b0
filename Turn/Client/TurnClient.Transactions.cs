using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

// Requests: writing, retransmitting (RFC 8489 section 6.2.1), matching answers, challenges.
public sealed partial class TurnClient
{
    private const int MaxSends = 7;
    private const int LastWaitFactor = 16;
    private const int StreamWaitFactor = 79;
    private const int MaxStaleNonces = 3;
    private const int RequestBuffer = 2048;

    private readonly List<Transaction> _transactions = [];

    /// <summary>One whole message from the server (or from a data connection that is being bound).</summary>
    public void HandleReceived(ReadOnlySpan<byte> bytes, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (!StunMessage.TryRead(bytes, out var message, out _) || (message.HasFingerprint && !Fingerprint.Verify(message)))
        {
            Counters.Ignored++;
            return;
        }

        if (message.Class == StunClass.Indication)
        {
            HandleIndication(message, commands);
            return;
        }

        var transaction = message.Class == StunClass.Request ? null : Find(message.TransactionId, message.Method);
        if (transaction is null)
        {
            Counters.Ignored++;
            return;
        }

        if (message.Class == StunClass.Success)
            HandleSuccess(message, transaction, now, commands);
        else
            HandleError(message, transaction, now, commands);
    }

    private void Begin(Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        transaction.Id = _ids.Next();
        transaction.Bytes = Write(transaction);
        transaction.Sends = 1;
        transaction.Interval = _settings.Rto;
        transaction.Deadline = now + (_settings.IsStream ? _settings.Rto * StreamWaitFactor : _settings.Rto);
        _transactions.Add(transaction);
        Counters.Requests++;
        Emit(transaction, now, commands);
    }

    private void Emit(Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        _lastSent = now;
        commands.Add(transaction.Method == StunMethod.ConnectionBind
            ? new TurnClientCommand.SendOnConnection(transaction.ConnectionId, transaction.Bytes)
            : new TurnClientCommand.Send(Server, transaction.Bytes));
    }

    private byte[] Write(Transaction transaction)
    {
        var writer = new StunWriter(stackalloc byte[RequestBuffer], transaction.Method, StunClass.Request, transaction.Id);
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                WriteAllocate(ref writer);
                break;
            case StunMethod.Refresh:
                writer.AddLifetime(transaction.LifetimeSeconds);
                if (_ticket.Length > 0)
                    writer.Add(StunAttributeType.MobilityTicket, _ticket);
                break;
            case StunMethod.CreatePermission or StunMethod.Connect:
                writer.AddAddress(StunAttributeType.XorPeerAddress, transaction.Peer);
                break;
            case StunMethod.ChannelBind:
                writer.AddChannelNumber(transaction.Channel);
                writer.AddAddress(StunAttributeType.XorPeerAddress, transaction.Peer);
                break;
            case StunMethod.ConnectionBind:
                writer.AddUInt32(StunAttributeType.ConnectionId, transaction.ConnectionId);
                break;
            default:
                break;
        }

        if (_settings.Software is not null)
            writer.AddText(StunAttributeType.Software, _settings.Software);
        transaction.IsAuthenticated = transaction.Method != StunMethod.Binding && _authentication.IsReady;
        if (transaction.IsAuthenticated)
            _authentication.Sign(ref writer, transaction.Method);
        if (_settings.Fingerprint)
            writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    private void WriteAllocate(scoped ref StunWriter writer)
    {
        writer.AddRequestedTransport(_settings.TcpAllocation ? (byte)6 : (byte)17);
        writer.AddLifetime(Seconds(_settings.Lifetime));
        if (_settings.ReservationToken is { } token)
            writer.AddUInt64(StunAttributeType.ReservationToken, token);
        else
        {
            if (_settings.EvenPort)
                writer.AddEvenPort(_settings.ReserveNextPort);
            if (_settings.DualFamily)
            {
                writer.AddFamily(StunAttributeType.AdditionalAddressFamily, IpFamily.V6);
                writer.AddFamily(StunAttributeType.CoturnAdditionalAddressFamily, IpFamily.V6);
            }
            else if (_settings.Family != IpFamily.None)
                writer.AddFamily(StunAttributeType.RequestedAddressFamily, _settings.Family);
        }

        if (_settings.DontFragment)
            writer.Add(StunAttributeType.DontFragment, []);
        if (_mobility)
            writer.Add(StunAttributeType.MobilityTicket, []);
    }

    private void HandleTransactionDeadlines(TimeSpan now, List<TurnClientCommand> commands)
    {
        foreach (var transaction in _transactions.ToArray())
        {
            if (transaction.Deadline > now || !_transactions.Contains(transaction))
                continue;
            if (_settings.IsStream || transaction.Sends == MaxSends)
            {
                _transactions.Remove(transaction);
                Fail(transaction, transaction.SawUnverified ? TurnFailure.IntegrityViolated : TurnFailure.TimedOut, StunErrorCode.None, commands);
                continue;
            }

            transaction.Sends++;
            transaction.Interval *= 2;
            transaction.Deadline = now + (transaction.Sends == MaxSends ? _settings.Rto * LastWaitFactor : transaction.Interval);
            Counters.Retransmissions++;
            Emit(transaction, now, commands);
        }
    }

    private Transaction? Find(TransactionId id, StunMethod method)
    {
        foreach (var transaction in _transactions)
        {
            if (transaction.Id == id && transaction.Method == method)
                return transaction;
        }

        return null;
    }

    private void HandleSuccess(in StunMessage answer, Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (!IsTrusted(answer, transaction, commands))
            return;
        _transactions.Remove(transaction);
        switch (transaction.Method)
        {
            case StunMethod.Allocate:
                HandleAllocated(answer, transaction, now, commands);
                break;
            case StunMethod.Refresh:
                HandleRefreshed(answer, now, commands);
                break;
            case StunMethod.Binding when answer.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped)
                || answer.TryGetAddress(StunAttributeType.MappedAddress, out mapped):
                Mapped = mapped;
                commands.Add(new TurnClientCommand.BindingAnswered(mapped));
                break;
            case StunMethod.CreatePermission:
                HandlePermission(transaction.Peer, now, commands);
                break;
            case StunMethod.ChannelBind:
                HandleChannel(transaction, now, commands);
                break;
            case StunMethod.Connect when answer.TryGetConnectionId(out var id):
                commands.Add(new TurnClientCommand.ConnectionOffered(id, transaction.Peer));
                break;
            case StunMethod.ConnectionBind:
                commands.Add(new TurnClientCommand.ConnectionBound(transaction.ConnectionId));
                break;
            default:
                Fail(transaction, TurnFailure.BadAnswer, StunErrorCode.None, commands);
                break;
        }
    }

    private void HandleError(in StunMessage answer, Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (!answer.TryGetErrorCode(out var code, out _))
        {
            Counters.Ignored++;
            return;
        }

        if (code is StunErrorCode.Unauthenticated or StunErrorCode.StaleNonce && transaction.Method != StunMethod.Binding)
        {
            _transactions.Remove(transaction);
            HandleChallenge(answer, code, transaction, now, commands);
            return;
        }

        if (code != StunErrorCode.TryAlternate && !IsTrusted(answer, transaction, commands))
            return;
        _transactions.Remove(transaction);
        if (code == StunErrorCode.TryAlternate)
            HandleRedirect(answer, transaction, now, commands);
        else if (code == StunErrorCode.MobilityForbidden && transaction.Method == StunMethod.Allocate && _mobility)
        {
            _mobility = false;
            Begin(new Transaction(StunMethod.Allocate), now, commands);
        }
        else
            Fail(transaction, TurnFailure.Refused, code, commands);
    }

    private void HandleChallenge(in StunMessage answer, StunErrorCode code, Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        var isStale = code == StunErrorCode.StaleNonce;
        var failure = Authentication.IsDowngraded(answer) ? TurnFailure.Downgraded
            : (transaction.IsAuthenticated && !isStale) || (isStale && transaction.StaleNonces == MaxStaleNonces) ? TurnFailure.Refused
            : TurnFailure.None;
        if (failure == TurnFailure.None && _settings.Credential is null && !_authentication.IsReady
            && answer.TryGetText(StunAttributeType.ThirdPartyAuthorization, StunLimits.MaxForeignText, out var name))
        {
            failure = _authentication.KeepChallenge(answer);
            if (failure == TurnFailure.None)
            {
                State = TurnClientState.WaitingForToken;
                commands.Add(new TurnClientCommand.TokenNeeded(System.Text.Encoding.UTF8.GetString(name)));
                return;
            }
        }

        if (failure == TurnFailure.None)
            failure = isStale ? _authentication.TakeStaleNonce(answer) : _authentication.TakeChallenge(answer);
        if (failure != TurnFailure.None)
        {
            Fail(transaction, failure, code, commands);
            return;
        }

        transaction.StaleNonces += isStale ? 1 : 0;
        if (!isStale)
            commands.Add(_authentication.Challenged());
        Begin(transaction, now, commands);
    }

    // RFC 8489 section 9.2.5: an answer to a signed request counts only when it is signed as well.
    private bool IsTrusted(in StunMessage answer, Transaction transaction, List<TurnClientCommand> commands)
    {
        if (!transaction.IsAuthenticated)
            return true;
        var isUnsigned = !answer.HasIntegrity && !answer.HasIntegritySha256;
        if (!Authentication.IsDowngraded(answer)
            && (_authentication.Verify(answer) || (isUnsigned && answer.Class == StunClass.Error && _settings.AcceptUnsignedErrors)))
            return true;
        Counters.Unverified++;
        transaction.SawUnverified = true;
        if (_settings.IsStream)
        {
            _transactions.Remove(transaction);
            Fail(transaction, TurnFailure.IntegrityViolated, StunErrorCode.None, commands);
        }

        return false;
    }

    private void Fail(Transaction transaction, TurnFailure failure, StunErrorCode code, List<TurnClientCommand> commands)
    {
        if (State == TurnClientState.Closing)
        {
            // Nothing is left to give back, whatever the server says.
            EndClosing(commands);
            return;
        }

        commands.Add(new TurnClientCommand.RequestFailed(transaction.Method, transaction.Peer, failure, code));
        if (transaction.Method is StunMethod.Allocate or StunMethod.Refresh)
        {
            State = TurnClientState.Failed;
            _transactions.Clear();
            ForgetPeers();
        }
        else
            ForgetPeer(transaction);
    }
}
