using MediaRelay.Stun;
using MediaRelay.Turn.Client;
using static MediaRelay.Turn.Tests.Client.ScriptedServer;

namespace MediaRelay.Turn.Tests.Client;

public class AllocateTests
{
    [Fact]
    public void Unanswered_requests_follow_the_schedule_of_rfc8489()
    {
        var server = new ScriptedServer();
        var start = server.Now;
        server.Start();
        var first = server.Take();
        foreach (var at in new[] { 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 })
        {
            server.Advance((start + TimeSpan.FromSeconds(at) - server.Now).TotalSeconds - 0.001);
            Assert.False(server.HasMore);
            server.Advance(0.001);
            Assert.Equal(first, server.Take());
        }

        server.Advance(7.999);
        Assert.Equal(TurnClientState.Allocating, server.Client.State);
        server.Advance(0.001);
        Assert.Equal(new TurnClientCommand.RequestFailed(StunMethod.Allocate, default, TurnFailure.TimedOut, StunErrorCode.None), server.Last<TurnClientCommand.RequestFailed>());
        Assert.Equal(TurnClientState.Failed, server.Client.State);
        Assert.Null(server.Client.NextDeadline);
    }

    [Theory]
    [InlineData(StunTransport.Tcp)]
    [InlineData(StunTransport.Tls)]
    public void A_stream_waits_once_without_retransmission(StunTransport transport)
    {
        var server = new ScriptedServer(s => s with { Transport = transport });
        server.Start();
        _ = server.Take();
        server.Advance(39.4);
        Assert.False(server.HasMore);
        server.Advance(0.1);
        Assert.Equal(TurnFailure.TimedOut, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Fact]
    public void The_answer_gives_relayed_and_mapped_address_and_lifetime()
    {
        var server = new ScriptedServer();
        server.Allocate();
        var allocated = server.Last<TurnClientCommand.Allocated>();
        Assert.Equal([Relayed], allocated.Relayed);
        Assert.Equal((Mapped, TimeSpan.FromMinutes(10)), (allocated.Mapped, allocated.Lifetime));
        Assert.Equal([Relayed], server.Client.Relayed);
    }

    [Fact]
    public void A_dual_allocation_is_asked_for_in_both_numbers_and_gives_two_addresses()
    {
        var server = new ScriptedServer(s => s with { DualFamily = true, Credential = null });
        server.Start();
        var request = server.Take();
        foreach (var type in new[] { StunAttributeType.AdditionalAddressFamily, StunAttributeType.CoturnAdditionalAddressFamily })
            Assert.True(Read(request).TryGetFamily(type, out var family) && family == IpFamily.V6);
        Assert.False(Read(request).Has(StunAttributeType.RequestedAddressFamily));
        server.Answer(request, StunClass.Success, (ref StunWriter w) =>
        {
            AllocateAnswer(ref w);
            w.AddAddress(StunAttributeType.XorRelayedAddress, RelayedV6);
        });
        Assert.Equal([Relayed, RelayedV6], server.Client.Relayed);
    }

    [Fact]
    public void A_refused_second_family_is_told()
    {
        var server = new ScriptedServer(s => s with { DualFamily = true, Credential = null });
        server.Start();
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) =>
        {
            AllocateAnswer(ref w);
            w.AddAddressError(IpFamily.V6, StunErrorCode.AddressFamilyNotSupported);
        });
        Assert.Equal(new TurnClientCommand.FamilyRefused(IpFamily.V6, StunErrorCode.AddressFamilyNotSupported), server.Last<TurnClientCommand.FamilyRefused>());
        Assert.Equal(TurnClientState.Allocated, server.Client.State);
    }

    [Fact]
    public void Even_port_family_fragment_and_transport_are_asked_for()
    {
        var server = new ScriptedServer(s => s with { EvenPort = true, ReserveNextPort = true, Family = IpFamily.V6, DontFragment = true, Transport = StunTransport.Tcp, TcpAllocation = true, Software = "MediaRelay" });
        server.Start();
        var request = Read(server.Take());
        Assert.True(request.TryGetEvenPort(out var reserve) && reserve);
        Assert.True(request.TryGetFamily(StunAttributeType.RequestedAddressFamily, out var family) && family == IpFamily.V6);
        Assert.True(request.Has(StunAttributeType.DontFragment));
        Assert.True(request.TryGetRequestedTransport(out var protocol) && protocol == 6);
        Assert.True(request.Has(StunAttributeType.Software));
    }

    [Fact]
    public void A_reservation_token_comes_back_and_excludes_even_port_and_family()
    {
        var server = new ScriptedServer(s => s with { Credential = null, EvenPort = true, ReserveNextPort = true });
        server.Start();
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) =>
        {
            AllocateAnswer(ref w);
            w.AddUInt64(StunAttributeType.ReservationToken, 77);
        });
        Assert.Equal(77ul, server.Last<TurnClientCommand.Allocated>().ReservationToken);

        var second = new ScriptedServer(s => s with { ReservationToken = 77, EvenPort = true, Family = IpFamily.V4 });
        second.Start();
        var request = Read(second.Take());
        Assert.True(request.TryGetReservationToken(out var token) && token == 77);
        Assert.False(request.Has(StunAttributeType.EvenPort));
        Assert.False(request.Has(StunAttributeType.RequestedAddressFamily));
    }

    [Theory]
    [InlineData(StunAttributeType.XorRelayedAddress)]
    [InlineData(StunAttributeType.XorMappedAddress)]
    [InlineData(StunAttributeType.Lifetime)]
    public void A_success_without_a_needed_attribute_is_a_bad_answer(StunAttributeType missing)
    {
        var server = new ScriptedServer(s => s with { Credential = null });
        server.Start();
        server.Answer(server.Take(), StunClass.Success, (ref StunWriter w) =>
        {
            if (missing != StunAttributeType.XorRelayedAddress)
                w.AddAddress(StunAttributeType.XorRelayedAddress, Relayed);
            if (missing != StunAttributeType.XorMappedAddress)
                w.AddAddress(StunAttributeType.XorMappedAddress, Mapped);
            if (missing != StunAttributeType.Lifetime)
                w.AddLifetime(600);
        });
        Assert.Equal(TurnFailure.BadAnswer, server.Last<TurnClientCommand.RequestFailed>().Failure);
    }

    [Theory]
    [InlineData(StunErrorCode.AllocationMismatch)]
    [InlineData(StunErrorCode.AllocationQuotaReached)]
    [InlineData(StunErrorCode.InsufficientCapacity)]
    [InlineData(StunErrorCode.AddressFamilyNotSupported)]
    public void A_refusal_ends_the_client_with_its_code(StunErrorCode code)
    {
        var server = new ScriptedServer(s => s with { Credential = null });
        server.Start();
        server.Refuse(server.Take(), code);
        Assert.Equal((TurnFailure.Refused, code), (server.Last<TurnClientCommand.RequestFailed>().Failure, server.Last<TurnClientCommand.RequestFailed>().Code));
    }

    [Theory]
    [InlineData(600, 540)]
    [InlineData(3600, 3540)]
    [InlineData(60, 30)]
    public void The_allocation_is_refreshed_before_it_ends(uint lifetime, int expected)
    {
        var server = new ScriptedServer(s => s with { KeepAlive = TimeSpan.Zero });
        server.Allocate(lifetime);
        server.Advance(expected - 0.01);
        Assert.False(server.HasMore);
        server.Advance(0.01);
        server.Accept(StunMethod.Refresh);
        Assert.Equal(TimeSpan.FromMinutes(10), server.Last<TurnClientCommand.Refreshed>().Lifetime);
        server.Advance(540);
        server.Accept(StunMethod.Refresh);
    }

    [Fact]
    public void A_lost_allocation_fails_the_client()
    {
        var server = new ScriptedServer(s => s with { KeepAlive = TimeSpan.Zero });
        server.Allocate();
        server.Advance(540);
        server.Refuse(server.Take(), StunErrorCode.AllocationMismatch);
        Assert.Equal(TurnClientState.Failed, server.Client.State);
        Assert.Equal(StunMethod.Refresh, server.Last<TurnClientCommand.RequestFailed>().Method);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Close_sends_a_refresh_of_zero_and_ends_whatever_the_answer(int answer)
    {
        var server = new ScriptedServer();
        server.Allocate();
        server.Client.Close(server.Now, server.Commands);
        var request = server.Take();
        Assert.True(Read(request).TryGetLifetime(out var lifetime) && lifetime == 0);
        Assert.Equal(StunMethod.Refresh, Read(request).Method);
        if (answer == 0)
            server.Answer(request, StunClass.Success, (ref StunWriter w) => w.AddLifetime(0));
        else if (answer == 1)
            server.Refuse(request, StunErrorCode.AllocationMismatch);
        else
            server.Advance(40);
        Assert.Equal(TurnClientState.Closed, server.Client.State);
        Assert.Single(server.Commands.OfType<TurnClientCommand.Closed>());
        Assert.Empty(server.Commands.OfType<TurnClientCommand.RequestFailed>());
    }

    [Fact]
    public void Silence_is_filled_with_binding_indications_and_data_counts_as_noise()
    {
        var server = new ScriptedServer();
        server.Allocate();
        server.Advance(14.9);
        Assert.False(server.HasMore);
        server.Advance(0.1);
        Assert.Equal((StunMethod.Binding, StunClass.Indication), (Read(server.Take()).Method, Class()));
        server.Client.AddPermission(Peer, server.Now, server.Commands);
        server.Accept(StunMethod.CreatePermission);
        server.Advance(10);
        Assert.Equal(0, server.Client.Wrap(Mapped, [1], server.Now, new byte[100]));
        Assert.NotEqual(0, server.Client.Wrap(Peer, [1], server.Now, new byte[100]));
        server.Advance(14.9);
        Assert.False(server.HasMore);
        server.Advance(0.1);
        Assert.True(server.HasMore);

        StunClass Class() => Read(((TurnClientCommand.Send)server.Commands[^1]).Bytes.ToArray()).Class;
    }

    [Fact]
    public void Data_that_could_not_be_sent_does_not_fill_the_silence()
    {
        var server = new ScriptedServer();
        server.Allocate();
        server.Advance(10);
        Assert.Equal(0, server.Client.Wrap(Peer, [1], server.Now, new byte[100]));
        server.Advance(5);
        Assert.Equal(StunClass.Indication, Read(server.Take()).Class);
    }

    [Fact]
    public void A_binding_request_is_never_signed_and_tells_the_mapped_address()
    {
        var server = new ScriptedServer();
        server.Client.SendBinding(server.Now, server.Commands);
        var request = server.Take();
        Assert.False(Read(request).HasIntegrity);
        server.Answer(request, StunClass.Success, (ref StunWriter w) => w.AddAddress(StunAttributeType.XorMappedAddress, Mapped));
        Assert.Equal(Mapped, server.Last<TurnClientCommand.BindingAnswered>().Mapped);
    }

    [Fact]
    public void A_mobility_ticket_moves_the_allocation_and_is_renewed()
    {
        var server = new ScriptedServer(s => s with { Credential = null, Mobility = true });
        server.Start();
        var request = server.Take();
        Assert.True(Read(request).TryGet(StunAttributeType.MobilityTicket, out var empty) && empty.IsEmpty);
        server.Answer(request, StunClass.Success, (ref StunWriter w) =>
        {
            AllocateAnswer(ref w);
            w.AddText(StunAttributeType.MobilityTicket, "ticket-1");
        });
        foreach (var ticket in new[] { "ticket-1", "ticket-2" })
        {
            server.Client.HandleAddressChanged(server.Now, server.Commands);
            request = server.Take();
            Assert.Equal(ticket, Text(request, StunAttributeType.MobilityTicket));
            server.Answer(request, StunClass.Success, (ref StunWriter w) =>
            {
                w.AddLifetime(600);
                w.AddText(StunAttributeType.MobilityTicket, "ticket-2");
            });
        }

        Assert.Equal(TurnClientState.Allocated, server.Client.State);
    }

    [Fact]
    public void A_server_that_forbids_mobility_is_asked_without_it()
    {
        var server = new ScriptedServer(s => s with { Credential = null, Mobility = true });
        server.Start();
        server.Refuse(server.Take(), StunErrorCode.MobilityForbidden);
        Assert.False(Read(server.Take()).Has(StunAttributeType.MobilityTicket));
        server.Client.HandleAddressChanged(server.Now, server.Commands);
        Assert.Equal(TurnClientState.Allocating, server.Client.State);
    }

    [Fact]
    public void An_address_change_without_ticket_fails_the_client()
    {
        var server = new ScriptedServer();
        server.Allocate();
        server.Client.HandleAddressChanged(server.Now, server.Commands);
        Assert.Equal((TurnClientState.Failed, TurnFailure.ConnectionLost), (server.Client.State, server.Last<TurnClientCommand.RequestFailed>().Failure));
    }
}
