using System.Reflection;
using MediaRelay.Turn.Tests.Access;

namespace MediaRelay.Turn.Tests.Rules;

/// <summary>
/// Every MUST and MUST NOT of RFC 8656 sections 5 to 15 (and of the attributes in section 18) that a server can violate, in the
/// order of the text, with the test that would catch it. What binds only clients is not listed.
/// </summary>
public sealed class MustTable
{
    public static TheoryData<string, string, string> Musts => new()
    {
        { "5", "servers implement the long-term credential mechanism", nameof(AuthenticationTests.A_configured_user_is_known_by_name_or_hash_with_either_algorithm) },
        { "5", "the administrator chooses a realm, which the challenge carries", nameof(AllocateTests.Section_7_2_step_1_a_request_without_credentials_gets_401_with_realm_and_nonce) },
        { "5", "another user on the five-tuple is refused with 441", nameof(RefreshTests.Section_5_another_user_on_the_five_tuple_gets_441) },
        { "5", "a request without allocation is refused with 437", nameof(RefreshTests.Section_5_a_request_without_allocation_gets_437) },
        { "5", "indications without allocation are ignored", nameof(DataTests.Section_5_indications_and_ChannelData_without_allocation_are_ignored_silently) },
        { "5", "UDP between client and server is supported", nameof(AllocateTests.Section_7_2_the_success_answer_carries_relayed_and_mapped_address_and_lifetime) },
        { "5", "comprehension-required attributes that are not known are refused with 420", nameof(AllocateTests.Request_gets_its_code) },
        { "6", "the relayed address is unique across allocations", nameof(AllocateTests.Section_6_relayed_addresses_are_unique_and_unpredictable) },
        { "6", "the password is not stored, only its key", nameof(AuthenticationTests.RFC_8656_section_6_the_password_is_not_stored_only_its_keys_are) },
        { "7.2 (1)", "the request is authenticated", nameof(AllocateTests.Section_7_2_step_1_a_request_without_credentials_gets_401_with_realm_and_nonce) },
        { "7.2 (2)", "a five-tuple in use is refused with 437, a retransmission is answered again", nameof(AllocateTests.Section_7_2_step_2_a_second_allocation_on_the_five_tuple_gets_437) },
        { "7.2 (2)", "a retransmission gets the same answer", nameof(AllocateTests.Section_7_2_a_retransmitted_request_gets_the_same_answer_and_no_second_allocation) },
        { "7.2 (3)", "REQUESTED-TRANSPORT is present and known", nameof(AllocateTests.Request_gets_its_code) },
        { "7.2 (4)", "DONT-FRAGMENT is unknown to a server without DF", nameof(AllocateTests.Section_7_2_step_4_without_DF_support_DONT_FRAGMENT_is_an_unknown_attribute) },
        { "7.2 (5)", "a reservation token stands alone and is valid", nameof(AllocateTests.Request_gets_its_code) },
        { "7.2 (6)", "the two family attributes exclude each other", nameof(AllocateTests.Request_gets_its_code) },
        { "7.2 (7)", "a family that is not served is refused with 440", nameof(AllocateTests.Section_7_2_step_7_a_family_without_relay_address_gets_440) },
        { "7.2 (7)", "without a requested family the address is IPv4", nameof(AllocateTests.Section_7_2_step_7_without_a_requested_family_the_relayed_address_is_IPv4) },
        { "7.2 (8)", "what EVEN-PORT asks and cannot be had is refused with 508", nameof(AllocateTests.Section_7_2_steps_8_and_9_what_cannot_be_satisfied_gets_508) },
        { "7.2 (9)", "a dual request is met, partly met with the reason, or refused", nameof(AllocateTests.Section_7_2_step_9_a_partly_served_dual_request_tells_which_family_failed_and_why) },
        { "7.2", "a reservation is held for at least 30 seconds", nameof(AllocateTests.Section_7_2_EVEN_PORT_with_R_reserves_the_next_port_for_the_holder_of_the_token_for_30_seconds) },
        { "8.1", "refreshing one family touches nothing of the other", nameof(RefreshTests.Section_8_1_deleting_one_family_leaves_permissions_and_channels_of_the_other) },
        { "8.2", "a family that the allocation lacks is refused with 443", nameof(RefreshTests.Section_8_2_a_family_that_was_not_allocated_gets_443) },
        { "9", "a permission lasts 300 seconds", nameof(PermissionAndChannelTests.Section_9_a_permission_lasts_300_seconds_in_both_directions) },
        { "10.2", "at least one peer is named", nameof(PermissionAndChannelTests.Section_10_2_a_request_without_peer_gets_400) },
        { "10.2", "a peer of another family is refused with 443", nameof(PermissionAndChannelTests.Section_10_2_another_family_than_the_relayed_address_gets_443) },
        { "11.2", "a Send indication has peer and data, and a permission", nameof(DataTests.Section_11_2_a_Send_indication_that_is_not_in_order_is_discarded_silently) },
        { "11.3", "a Data indication has peer and data", nameof(DataTests.Section_11_3_without_channel_the_client_gets_a_Data_indication_with_peer_and_data) },
        { "11.5", "the embedded destination, not the source of the ICMP packet, is compared with the permissions", nameof(DataTests.Section_11_5_ICMP_errors_for_a_peer_without_permission_are_dropped) },
        { "11.5", "the Data indication about an ICMP packet has peer and ICMP", nameof(DataTests.Section_11_5_ICMP_errors_of_the_right_type_reach_the_client) },
        { "12", "first bytes of the reserved ranges are dropped", nameof(DataTests.Section_12_6_what_is_not_good_ChannelData_is_discarded_silently) },
        { "12", "channel numbers end at 0x4FFF", nameof(PermissionAndChannelTests.Section_12_2_the_channel_number_must_be_in_range) },
        { "12.2", "a number and a peer are bound to each other only", nameof(PermissionAndChannelTests.Section_12_2_a_number_bound_to_another_peer_and_a_peer_bound_to_another_number_get_400) },
        { "12.2", "a peer of another family is refused with 443", nameof(PermissionAndChannelTests.Section_12_2_a_peer_of_another_family_than_the_relayed_address_gets_443) },
        { "12.5", "towards the client a bound peer's data goes as ChannelData", nameof(DataTests.Section_12_5_with_a_channel_the_server_must_use_ChannelData) },
        { "12.5", "over streams ChannelData is padded to four bytes", nameof(DataTests.Section_12_5_over_a_stream_ChannelData_is_padded_to_four_bytes) },
        { "12.6", "ChannelData refreshes neither binding nor permission", nameof(DataTests.Section_12_6_ChannelData_refreshes_neither_binding_nor_permission) },
        { "13.1 13.2 13.3", "DONT-FRAGMENT is ignored in translations", nameof(DataTests.Section_13_DONT_FRAGMENT_is_ignored_in_translations) },
        { "14", "DSCP and ECN are kept or set to their defaults, never invented", nameof(DataTests.Section_14_DSCP_and_ECN_are_copied_between_UDP_sockets) },
        { "15", "from a stream ECN is not ECT", nameof(DataTests.Section_15_from_a_stream_DSCP_is_kept_and_ECN_is_not_ECT) },
        { "18.1", "the reserved bits of CHANNEL-NUMBER are ignored", nameof(PermissionAndChannelTests.Section_18_1_reserved_bits_behind_the_channel_number_are_ignored) },
        { "18.6 18.7 18.8", "the reserved bits of family, EVEN-PORT and transport are ignored", nameof(AllocateTests.Request_gets_its_code) },
        { "21.4", "Teredo and 6to4 addresses are no relayed or peer addresses", nameof(Peers.PeerFilterTests) },
    };

    [Theory]
    [MemberData(nameof(Musts))]
    public void Has_its_test(string section, string rule, string test)
    {
        var found = typeof(MustTable).Assembly.GetTypes()
            .Where(type => type.Name == test || type.GetMethod(test, BindingFlags.Public | BindingFlags.Instance) is { } method && method.GetCustomAttributes<FactAttribute>().Any());
        Assert.True(found.Any(), $"Section {section}, {rule}: {test} is no test.");
    }
}
