//! The services of AWS that have roles of their own, and what those are called.
//!
//! Source: the services' own guides, "Using service-linked roles", and IAM user guide, "AWS services that work with IAM".

/// Below `amazonaws.com`: the service, its role's name after `AWSServiceRoleFor`, and whether a suffix may follow. In order.
const SERVICES: &[(&str, &str, bool)] = &[
    ("access-analyzer", "AccessAnalyzer", false),
    ("accountdiscovery.ssm", "AmazonSSM_AccountDiscovery", false),
    ("acm", "CertificateManager", false),
    ("apidestinations.events", "AmazonEventBridgeApiDestinations", false),
    ("appmesh", "AppMesh", false),
    ("appstream.application-autoscaling", "ApplicationAutoScaling_AppStreamFleet", false),
    ("autoscaling", "AutoScaling", true),
    ("autoscaling-plans", "AutoScalingPlans_EC2AutoScaling", false),
    ("backup", "Backup", false),
    ("batch", "Batch", false),
    ("cassandra.application-autoscaling", "ApplicationAutoScaling_CassandraTable", false),
    ("chime", "AmazonChime", false),
    ("cks.kms", "KeyManagementServiceCustomKeyStores", false),
    ("cloudhsm", "CloudHSM", false),
    ("cloudtrail", "CloudTrail", false),
    ("codestar-notifications", "CodeStarNotifications", false),
    ("comprehend.application-autoscaling", "ApplicationAutoScaling_ComprehendEndpoint", false),
    ("config", "Config", false),
    ("connect", "AmazonConnect", true),
    ("contributorinsights.dynamodb", "DynamoDBCloudWatchContributorInsights", false),
    ("controltower", "AWSControlTower", false),
    ("custom-resource.application-autoscaling", "ApplicationAutoScaling_CustomResource", false),
    ("dax", "DAX", false),
    ("delivery.logs", "LogDelivery", false),
    ("dms", "DMSServerless", false),
    ("dms-fleet-advisor", "DMSFleetAdvisor", false),
    ("docdb-elastic", "DocDB-Elastic", false),
    ("dynamodb.application-autoscaling", "ApplicationAutoScaling_DynamoDBTable", false),
    ("ec2-instance-connect", "Ec2InstanceConnect", false),
    ("ec2.application-autoscaling", "ApplicationAutoScaling_EC2SpotFleetRequest", false),
    ("ec2fleet", "EC2Fleet", false),
    ("ec2scheduled", "EC2ScheduledInstances", false),
    ("ecr", "ECRTemplate", false),
    ("ecs", "ECS", false),
    ("ecs.application-autoscaling", "ApplicationAutoScaling_ECSService", false),
    ("eks", "AmazonEKS", false),
    ("eks-connector", "AmazonEKSConnector", false),
    ("eks-fargate", "AmazonEKSForFargate", false),
    ("eks-nodegroup", "AmazonEKSNodegroup", false),
    ("elasticache", "ElastiCache", false),
    ("elasticache.application-autoscaling", "ApplicationAutoScaling_ElastiCacheRG", false),
    ("elasticbeanstalk", "ElasticBeanstalk", false),
    ("elasticfilesystem", "AmazonElasticFileSystem", false),
    ("elasticloadbalancing", "ElasticLoadBalancing", false),
    ("elasticmapreduce", "EMRCleanup", false),
    ("elasticmapreduce.application-autoscaling", "ApplicationAutoScaling_EMRInstanceGroup", false),
    ("email.cognito-idp", "AmazonCognitoIdpEmailService", false),
    ("emr-containers", "AmazonEMRContainers", false),
    ("emrwal", "EMRWAL", false),
    ("es", "AmazonElasticsearchService", false),
    ("events", "CloudWatchEvents", false),
    ("fis", "FIS", false),
    ("fms", "FMS", false),
    ("fsx", "AmazonFSx", false),
    ("globalaccelerator", "GlobalAccelerator", false),
    ("grafana", "AmazonGrafana", false),
    ("guardduty", "AmazonGuardDuty", false),
    ("imagebuilder", "ImageBuilder", false),
    ("inspector", "AmazonInspector", false),
    ("inspector2", "AmazonInspector2", false),
    ("iotmanagedintegrations", "IoTManagedIntegrations", false),
    ("iotsitewise", "IoTSiteWise", false),
    ("kafka", "Kafka", false),
    ("kafka.application-autoscaling", "ApplicationAutoScaling_KafkaCluster", false),
    ("kafkaconnect", "KafkaConnect", false),
    ("lakeformation", "LakeFormationDataAccess", false),
    ("lambda.application-autoscaling", "ApplicationAutoScaling_LambdaConcurrency", false),
    ("lex", "LexBots", false),
    ("lexv2", "LexV2Bots", true),
    ("lightsail", "Lightsail", false),
    ("logger.cloudfront", "CloudFrontLogger", false),
    ("m2", "AWSM2", false),
    ("macie", "AmazonMacie", false),
    ("maintenance.elasticbeanstalk", "ElasticBeanstalkMaintenance", false),
    ("managedupdates.elasticbeanstalk", "ElasticBeanstalkManagedUpdates", false),
    ("member.org.stacksets.cloudformation", "CloudFormationStackSetsOrgMember", false),
    ("memorydb", "MemoryDB", false),
    ("mq", "AmazonMQ", false),
    ("mrk.kms", "KeyManagementServiceMultiRegionKeys", false),
    ("neptune.application-autoscaling", "ApplicationAutoScaling_NeptuneCluster", false),
    ("notifications", "AwsUserNotifications", false),
    ("observability.aoss", "AmazonOpenSearchServerless", false),
    ("opensearchservice", "AmazonOpenSearchService", false),
    ("ops.apigateway", "APIGateway", false),
    ("ops.emr-serverless", "AmazonEMRServerless", false),
    ("opsdatasync.ssm", "SystemsManagerOpsDataSync", false),
    ("opsinsights.ssm", "AmazonSSM_OpsInsights", false),
    ("organizations", "Organizations", false),
    ("pullthroughcache.ecr", "ECRPullThroughCache", false),
    ("ram", "ResourceAccessManager", false),
    ("rds", "RDS", false),
    ("rds.application-autoscaling", "ApplicationAutoScaling_RDSCluster", false),
    ("redshift", "Redshift", false),
    ("replication.cassandra", "KeyspacesReplication", false),
    ("replication.dynamodb", "DynamoDBReplication", false),
    ("replication.ecr", "ECRReplication", false),
    ("replicator.lambda", "LambdaReplicator", false),
    ("repository.sync.codeconnections", "GitSync", false),
    ("resource-explorer-2", "ResourceExplorer", false),
    ("rolesanywhere", "RolesAnywhere", false),
    ("s3-outposts", "S3OnOutposts", false),
    ("s3.data-source.lustre.fsx", "FSxS3Access", true),
    ("sagemaker.application-autoscaling", "ApplicationAutoScaling_SageMakerEndpoint", false),
    ("securityhub", "SecurityHub", false),
    ("servicequotas", "ServiceQuotas", false),
    ("ses", "AmazonSES", false),
    ("shield", "AWSShield", false),
    ("spot", "EC2Spot", false),
    ("spotfleet", "EC2SpotFleet", false),
    ("ssm", "AmazonSSM", false),
    ("ssm-incidents", "IncidentManager", false),
    ("ssm-quicksetup", "SSMQuickSetup", false),
    ("sso", "SSO", false),
    ("stacksets.cloudformation", "CloudFormationStackSetsOrgAdmin", false),
    ("storage-lens.s3", "S3StorageLens", false),
    ("support", "Support", false),
    ("transitgateway", "VPCTransitGateway", false),
    ("trustedadvisor", "TrustedAdvisor", false),
    ("vpcorigin.cloudfront", "CloudFrontVPCOrigin", false),
    ("waf", "WAFLogging", false),
    ("waf-regional", "WAFRegionalLogging", false),
    ("wafv2", "WAFV2Logging", false),
];

/// What begins the name of a service's role, and whether a suffix may follow it. `None` if the service has no such role.
pub(super) fn role_of(service: &str) -> Option<(String, bool)> {
    let short = service.strip_suffix(".amazonaws.com")?;
    let at = SERVICES.binary_search_by_key(&short, |(known, ..)| known).ok()?;
    SERVICES.get(at).map(|(_, name, takes_suffix)| (format!("AWSServiceRoleFor{name}"), *takes_suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::name::{USER_NAME_CHARACTERS_MAX, is_name};

    #[test]
    fn every_service_is_found_and_its_role_has_a_name() {
        for (service, ..) in SERVICES {
            let (name, _) = role_of(&format!("{service}.amazonaws.com")).unwrap();
            assert!(is_name(&name, USER_NAME_CHARACTERS_MAX), "{name}");
        }
        for unknown in ["ecs", "ecs.amazonaws.com.cn", "none.amazonaws.com", ""] {
            assert_eq!(role_of(unknown), None, "{unknown}");
        }
    }
}
