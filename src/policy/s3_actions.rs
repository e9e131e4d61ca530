//! What the policy of a bucket can be about: S3's actions on buckets and on objects.
//! Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3".

/// Actions on objects, in lower case, without their service.
const ON_OBJECTS: &str = "abortmultipartupload bypassgovernanceretention deleteobject deleteobjectannotation \
    deleteobjecttagging deleteobjectversion deleteobjectversionannotation deleteobjectversiontagging getobject \
    getobjectacl getobjectannotation getobjectattributes getobjectlegalhold getobjectretention getobjecttagging \
    getobjecttorrent getobjectversion getobjectversionacl getobjectversionannotation \
    getobjectversionannotationforreplication getobjectversionattributes getobjectversionforreplication \
    getobjectversiontagging getobjectversiontorrent initiatereplication listmultipartuploadparts \
    listobjectannotations listobjectversionannotations objectowneroverridetobucketowner putobject putobjectacl \
    putobjectannotation putobjectlegalhold putobjectretention putobjecttagging putobjectversionacl \
    putobjectversionannotation putobjectversiontagging replicatedelete replicateobject replicateobjectannotation \
    replicatetags restoreobject updateobjectencryption";

/// Actions on buckets.
const ON_BUCKETS: &str = "allowvendedlogdeliveryforresource createbucket createbucketmetadatatableconfiguration \
    deletebucket deletebucketmetadatatableconfiguration deletebucketpolicy deletebucketwebsite \
    getaccelerateconfiguration getanalyticsconfiguration getbucketabac getbucketacl getbucketcors getbucketlocation \
    getbucketlogging getbucketmetadatatableconfiguration getbucketnotification getbucketobjectlockconfiguration \
    getbucketownershipcontrols getbucketpolicy getbucketpolicystatus getbucketpublicaccessblock \
    getbucketrequestpayment getbuckettagging getbucketversioning getbucketwebsite getencryptionconfiguration \
    getintelligenttieringconfiguration getinventoryconfiguration getlifecycleconfiguration getmetricsconfiguration \
    getreplicationconfiguration listbucket listbucketmultipartuploads listbucketversions listtagsforresource \
    pausereplication putaccelerateconfiguration putanalyticsconfiguration putbucketabac putbucketacl putbucketcors \
    putbucketlogging putbucketnotification putbucketobjectlockconfiguration putbucketownershipcontrols \
    putbucketpolicy putbucketpublicaccessblock putbucketrequestpayment putbuckettagging putbucketversioning \
    putbucketwebsite putencryptionconfiguration putintelligenttieringconfiguration putinventoryconfiguration \
    putlifecycleconfiguration putmetricsconfiguration putreplicationconfiguration tagresource untagresource \
    updatebucketmetadataannotationtableconfiguration updatebucketmetadatainventorytableconfiguration \
    updatebucketmetadatajournaltableconfiguration";

/// All others: on access points, jobs, accounts. No policy of a bucket can be about them.
const ELSEWHERE: &str = "associateaccessgrantsidentitycenter createaccessgrant createaccessgrantsinstance createaccessgrantslocation \
    createaccesspoint createaccesspointforobjectlambda createjob createmultiregionaccesspoint \
    createstoragelensgroup deleteaccessgrant deleteaccessgrantsinstance deleteaccessgrantsinstanceresourcepolicy \
    deleteaccessgrantslocation deleteaccesspoint deleteaccesspointforobjectlambda deleteaccesspointpolicy \
    deleteaccesspointpolicyforobjectlambda deletejobtagging deletemultiregionaccesspoint \
    deletestoragelensconfiguration deletestoragelensconfigurationtagging deletestoragelensgroup describejob \
    describemultiregionaccesspointoperation dissociateaccessgrantsidentitycenter getaccessgrant \
    getaccessgrantsinstance getaccessgrantsinstanceforprefix getaccessgrantsinstanceresourcepolicy \
    getaccessgrantslocation getaccesspoint getaccesspointconfigurationforobjectlambda \
    getaccesspointforobjectlambda getaccesspointpolicy getaccesspointpolicyforobjectlambda \
    getaccesspointpolicystatus getaccesspointpolicystatusforobjectlambda getaccountpublicaccessblock getdataaccess \
    getjobtagging getmultiregionaccesspoint getmultiregionaccesspointpolicy getmultiregionaccesspointpolicystatus \
    getmultiregionaccesspointroutes getstoragelensconfiguration getstoragelensconfigurationtagging \
    getstoragelensdashboard getstoragelensgroup listaccessgrants listaccessgrantsinstances \
    listaccessgrantslocations listaccesspoints listaccesspointsforobjectlambda listallmybuckets \
    listcalleraccessgrants listjobs listmultiregionaccesspoints liststoragelensconfigurations \
    liststoragelensgroups putaccessgrantsinstanceresourcepolicy putaccesspointconfigurationforobjectlambda \
    putaccesspointpolicy putaccesspointpolicyforobjectlambda putaccesspointpublicaccessblock \
    putaccountpublicaccessblock putjobtagging putmultiregionaccesspointpolicy putstoragelensconfiguration \
    putstoragelensconfigurationtagging submitmultiregionaccesspointroutes updateaccessgrantslocation \
    updatejobpriority updatejobstatus updatestoragelensgroup";

/// What an action is done on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A bucket.
    Bucket,
    /// An object.
    Object,
    /// Anything else.
    Elsewhere,
}

/// What an action is done on, given in lower case; `None` for what is no action of S3.
pub fn target(action: &str) -> Option<Target> {
    all().find(|(known, _)| *known == action).map(|(_, target)| target)
}

/// The actions in lower case, and what each is done on.
pub fn all() -> impl Iterator<Item = (&'static str, Target)> {
    let of = |actions: &'static str, target| actions.split_ascii_whitespace().map(move |action| (action, target));
    of(ON_OBJECTS, Target::Object).chain(of(ON_BUCKETS, Target::Bucket)).chain(of(ELSEWHERE, Target::Elsewhere))
}
