using System.Globalization;
using System.Text;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests.Pcmm;

/// <summary>Our reading of a message under the field names of Wireshark's dissector, the first value of each field.</summary>
internal static class FieldNames
{
    public static Dictionary<string, string> Describe(in CopsMessage message, in PcmmMessage objects)
    {
        var f = new Dictionary<string, string>
        {
            ["cops.op_code"] = Dec((byte)message.Header.OpCode),
            ["cops.client_type"] = Dec(message.Header.ClientType),
            ["cops.msg_len"] = Dec(message.Header.Length),
            ["cops.flags"] = message.Header.IsSolicited ? "0x01" : "0x00",
        };
        if (!message.Handle.IsEmpty) f["cops.handle"] = "0x" + Convert.ToHexStringLower(message.Handle);
        if (!message.PepId.IsEmpty) f["cops.pepid.id"] = Encoding.ASCII.GetString(message.PepId);
        if (message.ReportType != 0) f["cops.report_type"] = Dec((ushort)message.ReportType);
        if (message.Error != 0) f["cops.error"] = Dec((ushort)message.Error);
        if (message.Header.OpCode == CopsOpCode.ClientAccept) f["cops.katimer.value"] = Dec(message.KeepAliveSeconds);
        if (message.Header.OpCode is CopsOpCode.Decision or CopsOpCode.Request) f["cops.context.r_type"] = Hex4(message.Context >> 16);
        if (objects.HasTransaction)
        {
            f["cops.pc_transaction_id"] = Hex4(objects.Transaction);
            f["cops.pc_gate_command_type"] = Hex4((uint)objects.Command);
        }
        if (objects.TryGetAmid(out Amid amid))
        {
            f["cops.pc_mm_amid_application_type"] = Dec(amid.ApplicationType);
            f["cops.pc_mm_amid_am_tag"] = Dec(amid.ApplicationManagerTag);
        }
        if (objects.TryGetSubscriber(out SubscriberId subscriber)) f[subscriber.IsV6 ? "cops.pc_subscriber_id6" : "cops.pc_subscriber_id4"] = subscriber.ToString();
        if (objects.TryGetGateId(out GateId gate)) f["cops.pc_gate_id"] = "0x" + gate;
        if (objects.TryGetVersion(out PcmmVersion version))
        {
            f["cops.pc_mm_vi_major"] = Dec(version.Major);
            f["cops.pc_mm_vi_minor"] = Dec(version.Minor);
        }
        if (objects.TryGetError(out PcmmError error))
        {
            f["cops.pc_mm_error_ec"] = Dec((ushort)error.Code);
        }
        if (objects.TryGetState(out GateState state, out GateReason reason))
        {
            f["cops.pc_mm_gs_state"] = Dec((ushort)state);
            f["cops.pc_mm_gs_reason"] = Hex4((uint)reason);
        }
        if (objects.TryGetGateTime(out uint time)) f["cops.pc_mm_gti"] = Dec(time);
        if (objects.TryGetGateUsage(out ulong usage)) f["cops.pc_mm_gui"] = Dec(usage);
        if (objects.TryGetReceiptKey(out uint key)) f["cops.pc_mm_msg_receipt_key"] = "0x" + key.ToString("x8", CultureInfo.InvariantCulture);
        if (objects.TryGetVolumeLimit(out ulong volume)) f["cops.pc_mm_vbul_ul"] = Dec(volume);
        if (objects.TryGetTimeLimit(out uint limit)) f["cops.pc_mm_tbul_ul"] = Dec(limit);
        if (objects.TryGetOpaque(out ulong opaque)) f["cops.opaque_data"] = string.Join(':', Convert.ToHexStringLower(BitConverter.GetBytes(opaque).Reverse().ToArray()).Chunk(2).Select(c => new string(c)));
        if (objects.TryGetPsid(out Psid psid)) f["cops.pc_mm_psid"] = Dec(psid.Value);
        if (objects.TryGetGateSpec(out GateSpec spec)) Describe(spec, f);
        if (objects.TryGetProfile(out TrafficProfile profile) == PcmmErrorCode.None) Describe(profile, f);
        if (objects.TryGetEventGenerationInfo(out EventGenerationInfo egi))
        {
            f["cops.pc_prks_ip"] = SubscriberId.FromV4((uint)egi.PrimaryAddress).ToString();
            f["cops.pc_prks_ip_port"] = Hex4(egi.PrimaryPort);
            f["cops.pc_srks_ip"] = SubscriberId.FromV4((uint)egi.SecondaryAddress).ToString();
            f["cops.pc_bcid_ts"] = "0x" + egi.Bcid.NtpSeconds.ToString("x8", CultureInfo.InvariantCulture);
            f["cops.pc_bcid_ev"] = "0x" + egi.Bcid.EventCounter.ToString("x8", CultureInfo.InvariantCulture);
            f["cops.pc_bcid.id"] = egi.Bcid.ElementId;
        }
        foreach (PcmmMessage.ObjectSequence item in objects.Classifiers) Describe(item.Classifier, f);
        return f;
    }

    private static void Describe(in GateSpec spec, Dictionary<string, string> f)
    {
        f["cops.pc_mm_gs_flags.gate"] = Dec((int)spec.Direction);
        f["cops.pc_mm_gs_flags.dscp_overwrite"] = spec.OverwritesDscp ? "1" : "0";
        f["cops.pc_mm_gs_dscp"] = Hex2(spec.Tos);
        f["cops.pc_mm_gs_dscp_mask"] = Hex2(spec.TosMask);
        f["cops.pc_mm_gs_scid"] = Dec(spec.SessionClass.Value);
        f["cops.pc_mm_gs_scid_prio"] = Dec(spec.SessionClass.Priority);
        f["cops.pc_mm_gs_scid_preempt"] = spec.SessionClass.MayPreempt ? "1" : "0";
        f["cops.pc_mm_gs_timer_t1"] = Dec(spec.T1);
        f["cops.pc_mm_gs_timer_t2"] = Dec(spec.T2);
        f["cops.pc_mm_gs_timer_t3"] = Dec(spec.T3);
        f["cops.pc_mm_gs_timer_t4"] = Dec(spec.T4);
    }

    private static void Describe(in TrafficProfile profile, Dictionary<string, string> f)
    {
        ParameterSet set = profile.First;
        switch (profile.Type)
        {
            case TrafficProfileType.FlowSpec:
                f["cops.pc_mm_fs_envelope"] = Dec((int)profile.Envelopes);
                f["cops.pc_mm_fs_svc_num"] = Dec(profile.ServiceNumber);
                f["cops.pc_token_bucket_rate"] = set.FlowSpec.BucketRate.ToString(CultureInfo.InvariantCulture);
                f["cops.pc_token_bucket_size"] = set.FlowSpec.BucketSize.ToString(CultureInfo.InvariantCulture);
                f["cops.pc_slack_term"] = "0x" + set.FlowSpec.Slack.ToString("x8", CultureInfo.InvariantCulture);
                return;
            case TrafficProfileType.ServiceClassName:
                f["cops.pc_mm_docsis_scn"] = profile.Name.ToString();
                return;
            case TrafficProfileType.UnsolicitedGrant:
                f["cops.pc_mm_ugs"] = Dec(set.GrantSize);
                f["cops.pc_mm_gpi"] = Dec(set.GrantsPerInterval);
                f["cops.pc_mm_ngi"] = Dec(set.GrantInterval);
                f["cops.pc_mm_tgj"] = Dec(set.GrantJitter);
                break;
            case TrafficProfileType.RealTimePolling:
                f["cops.pc_mm_npi"] = Dec(set.PollingInterval);
                f["cops.pc_mm_tpj"] = Dec(set.PollJitter);
                f["cops.pc_mm_mcburst"] = Dec(set.MaxConcatenatedBurst);
                break;
            case TrafficProfileType.Downstream:
                f["cops.pc_mm_downres"] = Dec(set.Resequencing);
                f["cops.pc_mm_mdl"] = Dec(set.MaxLatency);
                f["cops.pc_mm_downpeak"] = Dec(set.PeakRate);
                break;
        }
        f["cops.pc_mm_envelope"] = Dec((int)profile.Envelopes);
        f["cops.pc_mm_ramask"] = Dec(set.RequiredMask);
        if (profile.Type == TrafficProfileType.UnsolicitedGrant) return;
        f["cops.pc_mm_mstr"] = Dec(set.MaxSustainedRate);
        f["cops.pc_mm_mtb"] = Dec(set.MaxBurst);
        f["cops.pc_mm_mrtr"] = Dec(set.MinReservedRate);
        f["cops.pc_mm_amrtrps"] = Dec(set.MinPacketSize);
    }

    private static void Describe(in Classifier c, Dictionary<string, string> f)
    {
        bool v6 = c.Kind == ClassifierKind.Ipv6;
        f[v6 ? "cops.pc_mm_classifier_next_header_type" : "cops.pc_mm_classifier_proto_id"] = Hex4(c.Protocol);
        f[v6 ? "cops.pc_mm_classifier_src_addr_v6" : "cops.pc_mm_classifier_src_addr"] = new SubscriberId(c.Source, v6).ToString();
        f[v6 ? "cops.pc_mm_classifier_dst_addr_v6" : "cops.pc_mm_classifier_dst_addr"] = new SubscriberId(c.Destination, v6).ToString();
        f["cops.pc_mm_classifier_src_port"] = Dec(c.SourcePortStart);
        f["cops.pc_mm_classifier_dst_port"] = Dec(c.DestinationPortStart);
        f["cops.pc_mm_classifier_priority"] = Hex2(c.Priority);
        if (v6) f["cops.pc_mm_classifier_flow_label"] = "0x" + c.FlowLabel.ToString("x8", CultureInfo.InvariantCulture);
        if (c.Kind == ClassifierKind.Legacy) return;
        f["cops.pc_mm_classifier_src_port_end"] = Dec(c.SourcePortEnd);
        f["cops.pc_mm_classifier_dst_port_end"] = Dec(c.DestinationPortEnd);
        f["cops.pc_mm_classifier_id"] = Hex4(c.Id);
        f["cops.pc_mm_classifier_activation_state"] = Hex2(c.Activation);
        f["cops.pc_mm_classifier_action"] = Hex2((byte)c.Action);
    }

    private static string Dec<T>(T value) where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);

    private static string Hex2(byte value) => "0x" + value.ToString("x2", CultureInfo.InvariantCulture);

    private static string Hex4(uint value) => "0x" + value.ToString("x4", CultureInfo.InvariantCulture);
}
